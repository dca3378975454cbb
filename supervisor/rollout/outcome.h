/* SPDX-License-Identifier: ISC */
/*
 * How a rollout went: its phases as it goes, and in the end the outcome, as
 * --json and history have it.
 */
#ifndef ROLLOUT_OUTCOME_H
#define ROLLOUT_OUTCOME_H

#include <jansson.h>
#include <stdint.h>

#include "core/rollout.h"

struct release;
struct service;

enum outcome_result { OUTCOME_PROMOTED, OUTCOME_ABORTED, OUTCOME_ROLLED_BACK };

/* A rollout begins: note the time. */
void outcome_begin(struct release *);

/* A state or a share was left, that of before: note how long it took. */
void outcome_phase_ended(struct release *, const struct rollout *before);

/* The outcome of an earlier rollout of that id, *new*; NULL. */
json_t *outcome_find(const struct service *, const char *id);

/*
 * New connections have waited for so long: a phase that lies across others,
 * from --strategy exclusive.
 */
void outcome_pause_ended(struct service *, int64_t ms);

/*
 * The rollout is over: write history and tell all who observe.  The first
 * start of a service is not a rollout and is not told.
 */
void outcome_tell(struct service *, enum outcome_result, const char *why);

#endif
