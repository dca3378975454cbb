/* SPDX-License-Identifier: ISC */
/*
 * How far the hosts of a rollout are.
 */
#ifndef FLEET_TALLY_H
#define FLEET_TALLY_H

#include <stddef.h>

#include "fleet/view.h"

/* With more hosts the history does not have their times: it would be long. */
#define TALLY_TIMES 250

struct tally {
	size_t hosts;			 /* that take part */
	size_t by_step[STEP_ABSENT + 1]; /* of this rollout and attempt */
	int64_t last_ms; /* when the last of them was promoted */
};

/* Does the host take part in the present rollout? */
bool tally_takes_part(const struct view *, const struct member_host *);

/*
 * How far the host is in the present rollout.  One that has claimed a slot in
 * an earlier rollout, and has not reported, still has it: STEP_CLAIMED.
 */
enum step tally_step(const struct view *, const struct member_host *);

struct tally tally_count(const struct view *);

/* Hosts at work: they have a slot. */
size_t tally_at_work(const struct tally *);
size_t tally_ended(const struct tally *);

/* When each host was at work, *new*. */
json_t *tally_times(const struct view *);

/* The outcome of the rollout as it is, for the history, *new*. */
json_t *tally_outcome(const struct view *, const char *result, int status);

#endif
