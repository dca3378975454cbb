/* SPDX-License-Identifier: ISC */
/*
 * When a generation has started and when its time of --bake is over, and
 * bounded lists of what it has bound since.  Nobody tells when such a socket is
 * closed: the kernel is asked whether it still listens.
 */
#include "generation/latecomers.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/describe.h"
#include "core/service.h"
#include "core/state.h"
#include "process/intercept.h"
#include "traffic/address.h"
#include "traffic/diag.h"
#include "traffic/endpoint.h"

#define QUIET_MS    100 /* between two listen(2) of a starting server */
#define PATIENCE_MS 500 /* for a next one that is slower than this one */
#define SAVE_MS	    500 /* as a program may listen often */
#define NOTED	    64	/* addresses; beyond them the oldest is forgotten */

struct latecomer {
	struct address address;
	unsigned int inode;
};

struct extra {
	struct address address;
	int64_t after_ms; /* from its program's start to this bind(2) */
};

struct latecomers {
	struct generation *generation;
	struct event *saving; /* pending: there is something to save */

	/* Times of clock_ms(); 0: not yet. */
	int64_t begin_ms;   /* its program was started */
	int64_t ready_ms;   /* it is ready */
	int64_t last_ms;    /* it got its last socket during the start */
	int64_t started_ms; /* when its start was over, once it got one more */
	bool again;	    /* an active one that is started again */
	struct latecomer noted[NOTED]; /* since the time of --bake is over */
	size_t n;
	struct extra extra[NOTED]; /* from the start to that time */
	size_t nextra;
};

static bool
has_sockets(const struct latecomers *late)
{
	const struct service *service = late->generation->service;
	size_t i, n, sum = 0;

	for (i = 0; i < service->nlisteners; i++) {
		listener_sockets(
		    service->listeners[i], late->generation->number, &n);
		sum += n;
	}
	return sum > 0;
}

static void
save(evutil_socket_t fd, short what, void *arg)
{
	state_changed(((struct latecomers *)arg)->generation->service);
}

static void
save_soon(struct latecomers *late)
{
	struct timeval delay = clock_interval(SAVE_MS);

	if (!evtimer_pending(late->saving, NULL))
		evtimer_add(late->saving, &delay);
}

/*
 * Nobody waits until an active generation that is started again is ready: it
 * counts as ready when it listens, or after --start-timeout.
 */
static int64_t
ready_at(const struct latecomers *late)
{
	if (late->ready_ms != 0 || !late->again)
		return late->ready_ms;
	return late->begin_ms +
	    late->generation->service->options->start_timeout_ms;
}

/*
 * When its start was over; 0: not yet.  A start without a socket is not over,
 * whatever the program has said.
 */
static int64_t
started_at(const struct latecomers *late)
{
	int64_t at = ready_at(late);

	if (late->started_ms != 0)
		return late->started_ms;
	if (at == 0 || !has_sockets(late))
		return 0;
	if (late->last_ms != 0 && late->last_ms + QUIET_MS > at)
		at = late->last_ms + QUIET_MS;
	return clock_ms() >= at ? at : 0;
}

bool
latecomers_are_so(const struct latecomers *late)
{
	int64_t at = started_at(late);

	return at != 0 &&
	    clock_ms() >= at + late->generation->service->options->bake_ms;
}

struct latecomers *
latecomers_new(struct generation *generation)
{
	struct latecomers *late = calloc(1, sizeof(*late));

	if (late == NULL)
		return NULL;
	late->generation = generation;
	late->saving = evtimer_new(generation->service->base, save, late);
	if (late->saving != NULL)
		return late;
	latecomers_free(late);
	errno = ENOMEM;
	return NULL;
}

void
latecomers_free(struct latecomers *late)
{
	if (late == NULL)
		return;
	if (late->saving != NULL)
		event_free(late->saving);
	free(late);
}

void
latecomers_begin(struct latecomers *late)
{
	late->begin_ms = clock_ms();
	late->ready_ms = late->last_ms = late->started_ms = 0;
	late->again = late->generation->role == ROLE_ACTIVE;
	late->n = late->nextra = 0;
}

void
latecomers_listen(struct latecomers *late)
{
	late->started_ms = started_at(late);
	if (late->started_ms != 0)
		return;
	late->last_ms = clock_ms();
	if (late->generation->role == ROLE_ACTIVE)
		latecomers_ready(late);
}

void
latecomers_ready(struct latecomers *late)
{
	if (late->ready_ms == 0)
		late->ready_ms = clock_ms();
}

static const struct extra *
find_extra(const struct latecomers *late, const struct address *address)
{
	size_t i;

	for (i = 0; i < late->nextra; i++)
		if (address_equal(&late->extra[i].address, address))
			return &late->extra[i];
	return NULL;
}

static void
add_extra(
    struct latecomers *late, const struct address *address, int64_t after_ms)
{
	if (late->nextra < NOTED && find_extra(late, address) == NULL)
		late->extra[late->nextra++] =
		    (struct extra){ *address, after_ms };
}

void
latecomers_add(struct latecomers *late, const struct address *address)
{
	if (started_at(late) != 0)
		add_extra(late, address, clock_ms() - late->begin_ms);
}

bool
latecomers_may_miss(
    const struct latecomers *late, const struct address *address)
{
	return find_extra(late, address) != NULL;
}

int64_t
latecomers_patience(const struct latecomers *late,
    const struct address *address, const struct latecomers *next)
{
	const struct extra *extra = find_extra(late, address);

	if (extra == NULL)
		return 0;
	return next->begin_ms + 2 * extra->after_ms + PATIENCE_MS - clock_ms();
}

static bool
is_open(const struct latecomer *one)
{
	return diag_listens(
		   &one->address.sa, one->address.device, one->inode) == 1;
}

static void
forget(struct latecomers *late, size_t i)
{
	memmove(late->noted + i, late->noted + i + 1,
	    (--late->n - i) * sizeof(*late->noted));
}

static void
add(struct latecomers *late, const struct address *address, unsigned int inode)
{
	size_t i = 0;

	while (i < late->n) {
		if (address_equal(&late->noted[i].address, address) ||
		    (late->n == NOTED && !is_open(&late->noted[i])))
			forget(late, i);
		else
			i++;
	}
	if (late->n == NOTED)
		forget(late, 0);
	late->noted[late->n++] = (struct latecomer){ *address, inode };
}

/* A Unix socket's address is its path as we see it. */
static int
address_of(const struct intercept_call *call, struct address *address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (call->path == NULL) {
		if (address_set(
			address, call->type, call->address, call->len) == -1)
			return -1;
		address_set_device(address, endpoint_device(call->fd));
		return 0;
	}
	if (strlcpy(un.sun_path, call->path, sizeof(un.sun_path)) >=
	    sizeof(un.sun_path))
		return -1;
	return address_set(
	    address, call->type, (struct sockaddr *)&un, sizeof(un));
}

void
latecomers_note(struct latecomers *late, const struct intercept_call *call)
{
	struct address address;
	struct stat st;

	if (!latecomers_are_so(late) || address_of(call, &address) == -1 ||
	    fstat(call->fd, &st) == -1)
		return;
	add(late, &address, (unsigned int)st.st_ino);
	save_soon(late);
}

const struct generation *
latecomers_find(const struct generation *own, const struct address *address)
{
	const struct generation *generation;
	const struct latecomers *late;
	size_t i;

	/* A Unix path has one owner now, and leads to nobody else. */
	if (address_kind(address) != ADDRESS_INET)
		return NULL;
	TAILQ_FOREACH (generation, &own->service->generations, entry) {
		late = generation->latecomers;
		if (generation == own || generation->program == NULL)
			continue;
		for (i = 0; i < late->n; i++)
			if (address_overlaps(
				&late->noted[i].address, address) &&
			    is_open(&late->noted[i]))
				return generation;
	}
	return NULL;
}

json_t *
latecomers_list(const struct latecomers *late)
{
	json_t *list = json_array();
	char text[ADDRESS_STRLEN];
	size_t i;

	for (i = 0; i < late->n; i++) {
		if (!is_open(&late->noted[i]))
			continue;
		address_format(&late->noted[i].address, text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

json_t *
latecomers_save(const struct latecomers *late, const json_t *before)
{
	json_t *list = json_array(), *extra = json_array();
	char text[ADDRESS_STRLEN];
	size_t i;

	for (i = 0; i < late->n; i++) {
		address_format(&late->noted[i].address, text);
		json_array_append_new(list,
		    json_pack("[sI]", text, (json_int_t)late->noted[i].inode));
	}
	for (i = 0; i < late->nextra; i++) {
		address_format(&late->extra[i].address, text);
		json_array_append_new(extra,
		    json_pack(
			"[sI]", text, (json_int_t)late->extra[i].after_ms));
	}
	return describe(before, "{sI sI sI sI sb so so}", "begin",
	    (json_int_t)late->begin_ms, "ready", (json_int_t)late->ready_ms,
	    "last", (json_int_t)late->last_ms, "started",
	    (json_int_t)late->started_ms, "again", (int)late->again,
	    "addresses", list, "extra", extra);
}

/* An older build saved nothing: what it has started counts as started. */
static void
restore_times(struct latecomers *late, const json_t *saved)
{
	json_int_t begin, ready, last, started;
	int again;

	if (json_unpack((json_t *)saved, "{sI sI sI sI sb}", "begin", &begin,
		"ready", &ready, "last", &last, "started", &started, "again",
		&again) == -1) {
		late->begin_ms = clock_ms();
		late->started_ms =
		    late->generation->role != ROLE_CANDIDATE ? 1 : 0;
		return;
	}
	late->begin_ms = begin;
	late->ready_ms = ready;
	late->last_ms = last;
	late->started_ms = started;
	late->again = again;
}

void
latecomers_restore(struct latecomers *late, const json_t *saved)
{
	const json_t *list = json_object_get(saved, "addresses");
	const char *text, *why;
	struct address address;
	json_int_t inode, after_ms;
	json_t *one;
	size_t i;

	restore_times(late, saved);
	json_array_foreach (list, i, one)
		if (json_unpack(one, "[sI]", &text, &inode) == 0 &&
		    address_parse(&address, text, &why) == 0)
			add(late, &address, (unsigned int)inode);
	json_array_foreach (json_object_get(saved, "extra"), i, one)
		if (json_unpack(one, "[sI]", &text, &after_ms) == 0 &&
		    address_parse(&address, text, &why) == 0)
			add_extra(late, &address, after_ms);
}
