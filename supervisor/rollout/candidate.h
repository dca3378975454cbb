/* SPDX-License-Identifier: ISC */
/*
 * The steps of which the actions of a rollout are made: the candidate is made,
 * awaited, checked, given a share, and released.
 */
#ifndef ROLLOUT_CANDIDATE_H
#define ROLLOUT_CANDIDATE_H

#include <stdint.h>

#include "core/release.h"

/* Make the candidate, without sockets and not started.  -1 with why. */
int candidate_make(struct service *, char *why, size_t size);

/* Wait until it is ready, at most until the deadline. */
void candidate_await_ready(struct service *);

/*
 * Check it until the state ends, at most for ms; -1: keep the deadline that is
 * set, if any.
 */
void candidate_watch(struct service *, int64_t ms);

/* Check an active generation regularly, if a check was asked for. */
void candidate_look_after(struct generation *active);

/* Set the candidate's share; the old one gets the rest.  Not yet in force. */
void candidate_set_share(struct release *, unsigned int percent);

/* Release what only the rollout needed; the result stays in force. */
void candidate_let_go(struct service *);

/*
 * Report that the rollout has ended without a new generation, and release it.
 */
void candidate_tell_back(struct service *, const char *why);

#endif
