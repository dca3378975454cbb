/* SPDX-License-Identifier: ISC */
/*
 * A few packets that no program sees, from the directed source of the
 * generation and from one that is like any client.
 */
#include "traffic/proof.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "traffic/attach.h"
#include "traffic/trace.h"

#define DIRECTED 5 /* packets, all of which must go astray */
#define CLIENTS	 8 /* packets like those of any client, */
#define LEAKS	 2 /* so many of which must go where none may */

struct proof {
	const struct endpoint *at;
	const struct group *group;
	int *fds; /* all sockets that are in the group */
	const struct group_slot **slots;
	bool *hits;
	size_t n;
};

static void
proof_fini(struct proof *proof)
{
	free(proof->fds);
	free(proof->slots);
	free(proof->hits);
}

static int
proof_init(
    struct proof *proof, const struct endpoint *at, const struct group *group)
{
	const struct group_slot *s;

	*proof = (struct proof){ .at = at, .group = group };
	proof->fds = calloc(group->n + 1, sizeof(*proof->fds));
	proof->slots = calloc(group->n + 1, sizeof(*proof->slots));
	proof->hits = calloc(group->n + 1, sizeof(*proof->hits));
	if (proof->fds == NULL || proof->slots == NULL || proof->hits == NULL) {
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

/* Where the packets of a source have gone. */
struct tally {
	unsigned int right;
	unsigned int wrong; /* and nowhere else */
};

/* Send a packet; may(generation) says who may have it.  -1: it cannot be. */
static int
send_one(struct proof *proof, unsigned int source,
    bool (*may)(const struct proof *, const struct group_slot *, const void *),
    const void *arg, struct tally *tally)
{
	bool right = false, wrong = false;
	size_t i;

	if (trace_packet(
		proof->at, source, proof->fds, proof->hits, proof->n) == -1)
		return -1;
	for (i = 0; i < proof->n; i++) {
		if (!proof->hits[i])
			continue;
		if (may(proof, proof->slots[i], arg))
			right = true;
		else
			wrong = true;
	}
	tally->right += right;
	tally->wrong += wrong && !right;
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

/* What is directed at the generation reaches it. */
static bool
is_reached(struct proof *proof, unsigned int generation)
{
	struct tally tally = { 0 };
	int i;

	for (i = 0; i < DIRECTED && tally.right == 0; i++)
		if (send_one(proof, generation, is_generation, &generation,
			&tally) == -1)
			return true;
	return tally.wrong < DIRECTED;
}

/* Is there a socket that must not get anything from TRACE_GENERATION? */
static bool
has_somebody_without(const struct proof *proof, const struct steer_plan *plan)
{
	bool any = false;
	size_t i;

	for (i = 0; i < proof->n; i++) {
		/* Its directed source would be the same, with IPv6. */
		if (proof->slots[i]->generation % STEER_PORT_SLOTS ==
			TRACE_GENERATION % STEER_PORT_SLOTS &&
		    proof->slots[i]->generation != 0)
			return false;
		any |= !may_serve(proof, proof->slots[i], plan);
	}
	return any;
}

/* No client reaches a generation that has no share. */
static bool
is_tight(struct proof *proof, const struct steer_plan *plan)
{
	struct tally tally = { 0 };
	int i;

	if (!has_somebody_without(proof, plan))
		return true;
	for (i = 0; i < CLIENTS && tally.wrong < LEAKS; i++)
		if (send_one(
			proof, TRACE_GENERATION, may_serve, plan, &tally) == -1)
			return true;
	return tally.wrong < LEAKS;
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
