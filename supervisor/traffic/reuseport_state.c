/* SPDX-License-Identifier: ISC */
/*
 * What a caller can ask about a group, and what a successor must know of it.
 */
#include <errno.h>

#include "traffic/group_json.h"
#include "traffic/hiding.h"
#include "traffic/inet.h"
#include "traffic/queue.h"
#include "traffic/reuseport_fields.h"

bool
reuseport_look(struct reuseport *r, bool mixed)
{
	struct group_slot *s;
	bool any = false;

	if (!inet_is_tcp(r->at)) /* only close(2) takes a UDP socket out */
		return false;
	for (s = r->group.slots; s < r->group.slots + r->group.n; s++) {
		if (mixed)
			queue_await_shutdown(s->fd);
		s->gone = queue_is_closed(s->fd);
		any |= s->gone;
	}
	return any;
}

/* From here on the order of the group is unknown. */
void
reuseport_forget_gone(struct reuseport *r)
{
	size_t i;

	for (i = r->group.n; i-- > 0;)
		if (r->group.slots[i].gone)
			group_remove(&r->group, i);
	r->adrift = true;
}

enum steering_kind
reuseport_kind(const void *way)
{
	const struct reuseport *r = way;

	return chooser_is_ebpf(&r->chooser) ? KIND_EBPF : KIND_CLASSIC;
}

uint64_t
reuseport_given(const void *way, unsigned int generation)
{
	const struct reuseport *r = way;

	return chooser_given(&r->chooser, generation);
}

size_t
reuseport_flows(const void *way, unsigned int generation, int64_t idle_ms)
{
	const struct reuseport *r = way;

	return chooser_flows(&r->chooser, &r->group, generation, idle_ms);
}

int
reuseport_direct(void *way, unsigned int generation, unsigned int n,
    struct address *to, struct address *source)
{
	const struct endpoint *at = ((struct reuseport *)way)->at;

	if (!inet_is_here(at)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return address_direct(
	    &at->address, at->v6only, generation, n, to, source);
}

/* The program in force chooses by places, which do not change. */
void
reuseport_hand_over(void *way, unsigned int from, unsigned int to)
{
	struct reuseport *r = way;
	size_t i;

	for (i = 0; i < r->group.n; i++)
		if (r->group.slots[i].generation == from)
			r->group.slots[i].generation = to;
}

json_t *
reuseport_save(const void *way)
{
	const struct reuseport *r = way;

	return json_pack("{sI so so*}", "owner", (json_int_t)r->uid, "group",
	    group_to_json(&r->group, r->adrift), "ebpf",
	    chooser_save(&r->chooser));
}

/*
 * Nobody has given the slot's socket to this process.  If the predecessor
 * closed the socket, and was ended before it saved that, then the socket has
 * left.  If a process that nobody knows has the socket, then it leaves unseen:
 * the order is unknown.  A slot without a cookie says the same,
 * traffic/group_json.h.
 */
static bool
may_be_there(const struct reuseport *r, const struct group_slot *slot)
{
	return slot->cookie == 0 || !inet_is_tcp(r->at) ||
	    inet_may_listen(r->at, slot->cookie);
}

int
reuseport_restore(
    void *way, const json_t *state, const struct way_finder *finder)
{
	struct reuseport *r = way;
	size_t i, gone = 0;

	r->uid = (uid_t)json_integer_value(json_object_get(state, "owner"));
	if (group_from_json(
		&r->group, json_object_get(state, "group"), finder) == -1)
		return -1;
	hiding_restore(r->at, &r->group);
	chooser_restore(
	    &r->chooser, r->at, &r->group, json_object_get(state, "ebpf"));
	reuseport_look(r, false);
	for (i = 0; i < r->group.n; i++) {
		gone += r->group.slots[i].gone;
		r->adrift |= r->group.slots[i].fd == -1 &&
		    may_be_there(r, &r->group.slots[i]);
	}
	if (chooser_is_ebpf(&r->chooser)) {
		if (gone > 0)
			reuseport_forget_gone(r);
	} else if (gone > 0 && !r->adrift)
		group_vanish(&r->group, false);
	return 0;
}
