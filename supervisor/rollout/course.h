/* SPDX-License-Identifier: ISC */
/*
 * The course of the rollout.  Every change of its state is made here by the
 * table of core/rollout.h, whose actions are carried out one after the other;
 * only resumption.c sets a state, to resume a rollout.  An event that an
 * action causes waits until the action is over.
 */
#ifndef ROLLOUT_COURSE_H
#define ROLLOUT_COURSE_H

#include <stdbool.h>

#include "core/rollout.h"

struct service;

/*
 * Give the rollout an event; why is for people, borrowed.  Returns whether the
 * event is allowed in the present state; all its consequences are done then.
 * If an action is under way, the event waits, and the answer is true.
 */
bool course_take(struct service *, enum rollout_event, const char *why);

/* Tell the rollout that it has failed: what could not be done, with errno. */
void course_fail(struct service *, const char *what);

/*
 * Give the candidate this share, 0 to 100, and hold the rollout there.  Returns
 * whether that is allowed in the present state.
 */
bool course_split(struct service *, unsigned int percent);

#endif
