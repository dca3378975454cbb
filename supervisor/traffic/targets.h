/* SPDX-License-Identifier: ISC */
/*
 * The generations that have sockets in a group, with their shares in this
 * group.  For both compilers of a plan: traffic/steer.c and
 * traffic/ebpf_plan.c.  Pure.
 */
#ifndef TRAFFIC_TARGETS_H
#define TRAFFIC_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "traffic/plan.h"

struct target {
	unsigned int generation;
	unsigned int percent;
	size_t nslots;
	size_t label; /* for the compiler */
};

struct targets {
	struct target *list; /* in the order of their first slots */
	size_t n;
	struct target *greatest; /* the generation with the greatest share */
};

/*
 * Collect the targets.  The share of a generation that has no slot here goes to
 * the generation with a slot that has the greatest share.  -1 with errno:
 * EINVAL if no generation with a share has a slot.
 */
int targets_init(struct targets *, const struct steer_plan *,
    const struct steer_slot *, size_t nslots);
void targets_fini(struct targets *);

/* NULL if the generation is not among them. */
struct target *targets_find(const struct targets *, unsigned int generation);

/* Does a connection of this generation reach the slot? */
bool targets_leads_to(const struct steer_slot *, unsigned int generation);

#endif
