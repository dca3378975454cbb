/* SPDX-License-Identifier: ISC */
/*
 * Sends a few packets that no program sees, from the directed source of the
 * generation and from a source that is like any client's.
 */
#include "traffic/proof.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "traffic/attach.h"
#include "traffic/trace.h"

#define DIRECTED 5 /* packets; all must go astray to show a fault */
#define CLIENTS	 6 /* packets like those of any client; */
#define LEAKS	 2 /* this many must go where none may */

struct proof {
	const struct endpoint *at;
	const struct group *group;
	int *fds; /* all sockets of the group */
	const struct group_slot **slots;
	unsigned int *drops;
	size_t n;
};

static void
proof_fini(struct proof *proof)
{
	free(proof->fds);
	free(proof->slots);
	free(proof->drops);
}

static int
proof_init(
    struct proof *proof, const struct endpoint *at, const struct group *group)
{
	const struct group_slot *s;

	*proof = (struct proof){ .at = at, .group = group };
	proof->fds = calloc(group->n + 1, sizeof(*proof->fds));
	proof->slots = calloc(group->n + 1, sizeof(*proof->slots));
	proof->drops = calloc(group->n + 1, sizeof(*proof->drops));
	if (proof->fds == NULL || proof->slots == NULL ||
	    proof->drops == NULL) {
		proof_fini(proof);
		return -1;
	}
	for (s = group->slots; s < group->slots + group->n; s++) {
		if (s->gone)
			continue;
		proof->fds[proof->n] = s->fd;
		proof->slots[proof->n++] = s;
	}
	return 0;
}

static bool
has_generation(const struct group *group, unsigned int generation)
{
	const struct group_slot *s;

	for (s = group->slots; s < group->slots + group->n; s++)
		if (s->generation == generation && group_is_keeper(s))
			return true;
	return false;
}

/*
 * How many packets of a source went to sockets that may have them, and to
 * others.
 */
struct tally {
	unsigned int right;
	unsigned int wrong;
};

/*
 * Send packets; may() tells whether a socket may have them.  -1: not possible.
 */
static int
send_packets(struct proof *proof, unsigned int source, unsigned int packets,
    bool (*may)(const struct proof *, const struct group_slot *, const void *),
    const void *arg, struct tally *tally)
{
	size_t i;

	if (trace_packets(proof->at, source, packets, proof->fds, proof->drops,
		proof->n) == -1)
		return -1;
	for (i = 0; i < proof->n; i++) {
		if (may(proof, proof->slots[i], arg))
			tally->right += proof->drops[i];
		else
			tally->wrong += proof->drops[i];
	}
	return 0;
}

static bool
is_generation(const struct proof *proof, const struct group_slot *slot,
    const void *generation)
{
	return slot->generation == *(const unsigned int *)generation;
}

static bool
may_serve(
    const struct proof *proof, const struct group_slot *slot, const void *plan)
{
	return attach_may_serve(proof->group, plan, slot->generation);
}

/*
 * Do packets that are directed at the generation reach it?  One packet that
 * reaches it shows that they do.  A drop at another socket may come from a full
 * queue, and shows nothing.
 */
static bool
is_reached(struct proof *proof, unsigned int generation)
{
	struct tally tally = { 0 };
	unsigned int i, astray = 0;

	for (i = 0; i < DIRECTED && tally.right == 0; i++) {
		tally.wrong = 0;
		if (send_packets(proof, generation, 1, is_generation,
			&generation, &tally) == -1)
			return true;
		astray += tally.right == 0 && tally.wrong > 0;
	}
	return astray < DIRECTED;
}

/* Is there a socket that must not get anything from TRACE_GENERATION? */
static bool
has_somebody_without(const struct proof *proof, const struct steer_plan *plan)
{
	bool any = false;
	size_t i;

	for (i = 0; i < proof->n; i++) {
		/* With IPv6 both would have the same directed source. */
		if (proof->slots[i]->generation % STEER_PORT_SLOTS ==
			TRACE_GENERATION % STEER_PORT_SLOTS &&
		    proof->slots[i]->generation != 0)
			return false;
		any |= !may_serve(proof, proof->slots[i], plan);
	}
	return any;
}

/* Send the packets one by one: a full queue also drops packets of others. */
static bool
is_leak(struct proof *proof, const struct steer_plan *plan)
{
	unsigned int i, leaks = 0;
	struct tally tally;

	for (i = 0; i < CLIENTS && leaks < LEAKS; i++) {
		tally = (struct tally){ 0 };
		if (send_packets(proof, TRACE_GENERATION, 1, may_serve, plan,
			&tally) == -1)
			return false;
		leaks += tally.right == 0 && tally.wrong == 1;
	}
	return leaks == LEAKS;
}

/* Does no client reach a generation that has no share? */
static bool
is_tight(struct proof *proof, const struct steer_plan *plan)
{
	struct tally tally = { 0 };

	if (!has_somebody_without(proof, plan) ||
	    send_packets(proof, TRACE_GENERATION, CLIENTS, may_serve, plan,
		&tally) == -1)
		return true;
	return tally.wrong < LEAKS || !is_leak(proof, plan);
}

int
proof_try(const struct endpoint *at, const struct group *group,
    const struct steer_plan *plan, unsigned int generation)
{
	struct proof proof;
	int error = 0;

	if (!has_generation(group, generation) ||
	    proof_init(&proof, at, group) == -1)
		return 0;
	if (!is_reached(&proof, generation))
		error = EXDEV;
	else if (!is_tight(&proof, plan))
		error = ENOLINK;
	proof_fini(&proof);
	errno = error;
	return error == 0 ? 0 : -1;
}
