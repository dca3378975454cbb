/* SPDX-License-Identifier: ISC */
/*
 * Summaries: an outcome with all that its chronicle has, its plan and its
 * images, from which `hotswap report` makes a page.  The last ones are kept in
 * a file of limited size beside the history.
 */
#ifndef ROLLOUT_SUMMARY_H
#define ROLLOUT_SUMMARY_H

#include <jansson.h>

struct asker;
struct service;

#define SUMMARY_FILE		  "rollouts" /* in the state directory */
#define SUMMARY_LIMIT		  (512 << 10) /* bytes; there are two such files */
#define SUMMARY_GENERATION_DIGITS 9	      /* a longer number is a time */

/*
 * Note what a rollout that begins is meant to do, and who has asked for it;
 * NULL: only what is not known yet of a rollout that a predecessor began.
 */
void summary_begin(struct service *, const struct asker *by);

/* Note what the kernel has counted.  Returns that of the newer generation. */
json_int_t summary_count(struct service *);

/* Keep the summary of a rollout that has ended; the outcome is borrowed. */
void summary_keep(struct service *, const json_t *outcome);

/*
 * The summary that `which` means, *new*, as summary_pick; also of the rollout
 * that is under way: now is outcome_so_far, *stolen*.
 */
json_t *summary_find(struct service *, json_t *now, const char *which);

/*
 * The newest of these that `which` means, *new*; NULL if there is none.  which
 * is a generation's number: the newest rollout to it; or the beginning of the
 * time of the rollout's start; or its id; or NULL: the newest rollout.  Both
 * lists are oldest first, and borrowed; of two with the same start that of the
 * first list is taken, which are summaries.
 */
json_t *summary_pick(
    const json_t *summaries, const json_t *outcomes, const char *which);

#endif
