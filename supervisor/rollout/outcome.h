/* SPDX-License-Identifier: ISC */
/*
 * How a rollout went: its phases while it runs, and its outcome at the end, as
 * --json and the history show them.
 */
#ifndef ROLLOUT_OUTCOME_H
#define ROLLOUT_OUTCOME_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/rollout.h"

struct release;
struct service;

enum outcome_result { OUTCOME_PROMOTED, OUTCOME_ABORTED, OUTCOME_ROLLED_BACK };

/* A rollout begins: record the time.  -1 with ENOMEM, and none begins. */
int outcome_begin(struct release *);

/* The state or share of before has ended: record how long it took. */
void outcome_phase_ended(struct release *, const struct rollout *before);

/*
 * The rollout that is under way, as its outcome but without a result; *new*.
 * NULL if none is.
 */
json_t *outcome_so_far(const struct service *);

/* The outcome of the earlier rollout with that id, *new*; NULL: none. */
json_t *outcome_find(const struct service *, const char *id);

/*
 * The outcome that a predecessor wrote into the history, although it ended
 * before the checkpoint said that the rollout was over; *new*.  NULL: none.
 */
json_t *outcome_written(const struct service *);

/* The result of a rollout whose candidate serves at its end. */
enum outcome_result outcome_of_success(const struct release *);

/* Does what is written say that the candidate serves? */
bool outcome_is_written_to_serve(const struct service *);

/*
 * New connections have waited for so long under --strategy exclusive: record a
 * phase that overlaps others.
 */
void outcome_pause_ended(struct service *, int64_t ms);

/*
 * The rollout is over: write the history and tell the observers.  The first
 * start of a service is no rollout and is not told.
 */
void outcome_tell(struct service *, enum outcome_result, const char *why);

#endif
