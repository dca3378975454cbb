/* SPDX-License-Identifier: ISC */
/*
 * The course of the rollout: every change of its state goes through here, to
 * the table of core/rollout.h, whose actions are carried out one after the
 * other.  What an action brings about itself waits until the action is over.
 */
#ifndef ROLLOUT_COURSE_H
#define ROLLOUT_COURSE_H

#include <stdbool.h>

#include "core/rollout.h"

struct service;

/*
 * Something happened to the rollout; why is for people, borrowed.  Returns
 * whether it had a place in the present state; all that follows is done then.
 * Within an action it waits for its turn, and the answer is true.
 */
bool course_take(struct service *, enum rollout_event, const char *why);

/*
 * Give the candidate this share, 0 to 100, and hold the rollout there.
 * Returns whether that had a place in the present state.
 */
bool course_split(struct service *, unsigned int percent);

#endif
