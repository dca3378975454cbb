/* SPDX-License-Identifier: ISC */
/*
 * Collects the generations that have sockets in a group, with their shares.
 */
#include "traffic/targets.h"

#include <errno.h>
#include <stdlib.h>

struct target *
targets_find(const struct targets *targets, unsigned int generation)
{
	size_t i;

	for (i = 0; i < targets->n; i++)
		if (targets->list[i].generation == generation)
			return &targets->list[i];
	return NULL;
}

bool
targets_leads_to(const struct steer_slot *slot, unsigned int generation)
{
	return slot->generation == generation || slot->also == generation;
}

static void
add_slot(struct targets *targets, unsigned int generation)
{
	struct target *t = targets_find(targets, generation);

	if (generation == 0)
		return;
	if (t == NULL) {
		t = &targets->list[targets->n++];
		t->generation = generation;
	}
	t->nslots++;
}

/* Returns the sum of the shares of generations that have no slot here. */
static unsigned int
give_shares(struct targets *targets, const struct steer_plan *plan)
{
	const struct steer_share *share;
	unsigned int absent = 0;
	struct target *t;
	size_t i;

	for (i = 0; i < plan->nshares; i++) {
		share = &plan->shares[i];
		t = targets_find(targets, share->generation);
		if (t == NULL)
			absent += share->percent;
		else if ((t->percent += share->percent) > 0 &&
		    (targets->greatest == NULL ||
			t->percent > targets->greatest->percent))
			targets->greatest = t;
	}
	return absent;
}

int
targets_init(struct targets *targets, const struct steer_plan *plan,
    const struct steer_slot *slots, size_t nslots)
{
	unsigned int absent;
	size_t i;

	*targets = (struct targets){ 0 };
	targets->list = calloc(2 * nslots + 1, sizeof(*targets->list));
	if (targets->list == NULL)
		return -1;
	for (i = 0; i < nslots; i++) {
		add_slot(targets, slots[i].generation);
		add_slot(targets, slots[i].also);
	}
	absent = give_shares(targets, plan);
	if (targets->greatest == NULL) {
		targets_fini(targets);
		errno = EINVAL;
		return -1;
	}
	targets->greatest->percent += absent;
	return 0;
}

void
targets_fini(struct targets *targets)
{
	free(targets->list);
	targets->list = NULL;
}
