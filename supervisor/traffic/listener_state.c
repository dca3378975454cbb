/* SPDX-License-Identifier: ISC */
/*
 * What a successor must know of a listener, and how the successor makes the
 * listener again with the sockets that were held.
 */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "traffic/listener.h"
#include "traffic/listener_fields.h"

/* What most listeners do not have. */
static void
save_rare(const struct listener *l, json_t *saved)
{
	const struct endpoint *at = &l->at;
	const struct {
		const char *key;
		bool set;
	} flags[] = { { "freebind", at->freebind },
		{ "transparent", at->transparent },
		{ "reuseaddr", at->reuseaddr } };
	size_t i;

	if (at->address.device != 0)
		json_object_set_new(
		    saved, "device", json_integer(at->address.device));
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].set)
			json_object_set_new(saved, flags[i].key, json_true());
}

static void
restore_rare(struct endpoint *at, const json_t *saved)
{
	at->freebind = json_is_true(json_object_get(saved, "freebind"));
	at->transparent = json_is_true(json_object_get(saved, "transparent"));
	at->reuseaddr = json_is_true(json_object_get(saved, "reuseaddr"));
}

static json_t *
describe(const struct listener *l)
{
	json_t *sockets = json_array();
	struct address address = l->at.address;
	char text[ADDRESS_STRLEN];
	json_t *saved;
	size_t i;

	for (i = 0; i < l->sockets.n; i++)
		json_array_append_new(sockets,
		    json_pack("[II]", (json_int_t)l->sockets.generations[i],
			(json_int_t)l->sockets.cookies[i]));
	/* An older build could not read the text of one with a device. */
	address.device = 0;
	address_format(&address, text);
	saved = json_pack("{ss* ss si sI sI sb sb so so}", "name", l->name,
	    "address", text, "backlog", l->at.backlog, "uid",
	    (json_int_t)l->at.owner.uid, "gid", (json_int_t)l->at.owner.gid,
	    "v6only", (int)l->at.v6only, "passed", (int)l->at.passed, "sockets",
	    sockets, "state", l->way->save(l->state));
	save_rare(l, saved);
	return saved;
}

/* What is under way may change more before it ends. */
json_t *
listener_save(struct listener *l)
{
	if (l->changing > 0)
		return describe(l);
	if (l->saved == NULL)
		l->saved = describe(l);
	return json_incref(l->saved);
}

/* Where a restored listener finds its sockets. */
struct heritage {
	struct listener *l;
	int (*take)(uint64_t cookie, void *arg);
	void *arg;
};

static int
find_socket(unsigned int generation, uint64_t cookie, void *arg)
{
	struct heritage *heritage = arg;
	struct listener *l = heritage->l;
	size_t i;
	int fd;

	for (i = 0; i < l->sockets.n && generation != 0; i++)
		if (l->sockets.generations[i] == generation &&
		    l->sockets.cookies[i] == cookie)
			return l->sockets.fds[i];
	fd = heritage->take(cookie, heritage->arg);
	if (fd != -1 && generation != 0 &&
	    entries_add(&l->sockets, generation, fd) == -1)
		fd_close(&fd);
	return fd;
}

static struct listener *
make_again(const json_t *saved)
{
	const char *name = NULL, *text, *why;
	struct address address;
	struct listener *l;
	json_int_t uid, gid;
	int backlog, v6only, passed = 0;

	if (json_unpack((json_t *)saved, "{s?s ss si sI sI sb s?b}", "name",
		&name, "address", &text, "backlog", &backlog, "uid", &uid,
		"gid", &gid, "v6only", &v6only, "passed", &passed) == -1 ||
	    address_parse(&address, text, &why) == -1) {
		errno = EINVAL;
		return NULL;
	}
	address_set_device(&address,
	    (unsigned int)json_integer_value(json_object_get(saved, "device")));
	if ((l = listener_alloc(name, &address, backlog, passed)) == NULL)
		return NULL;
	credentials_fini(&l->at.owner);
	if (credentials_make(&l->at.owner, (uid_t)uid, (gid_t)gid, NULL, 0) ==
	    -1)
		return NULL;
	l->at.v6only = v6only;
	restore_rare(&l->at, saved);
	return l;
}

struct listener *
listener_restore(const json_t *saved, int (*take)(uint64_t, void *), void *arg,
    const struct holder *holder)
{
	struct heritage heritage = { make_again(saved), take, arg };
	const struct way_finder finder = { find_socket, &heritage };
	json_int_t generation, cookie;
	json_t *value;
	size_t i;

	if (heritage.l == NULL)
		return NULL;
	heritage.l->at.holder = holder;
	json_array_foreach (json_object_get(saved, "sockets"), i, value)
		if (json_unpack(value, "[II]", &generation, &cookie) == 0)
			find_socket((unsigned int)generation, (uint64_t)cookie,
			    &heritage);
	if (heritage.l->way->restore(heritage.l->state,
		json_object_get(saved, "state"), &finder) == -1)
		return NULL; /* to free it would close sockets that serve */
	return heritage.l;
}
