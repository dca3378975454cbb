/* SPDX-License-Identifier: ISC */
/*
 * The pieces of which the actions of a rollout are made: its candidate is
 * made, waited for, checked and given a share, and let go of.
 */
#ifndef ROLLOUT_CANDIDATE_H
#define ROLLOUT_CANDIDATE_H

#include <stdint.h>

#include "core/release.h"

/* Without sockets, not started.  -1 with why. */
int candidate_make(struct service *, char why[static RELEASE_WHY]);

/* Wait until it is ready, at the most until the deadline. */
void candidate_await_ready(struct service *);

/*
 * Check it while the state lasts, so long at the most; -1: until somebody
 * ends it, or as long as the deadline is.
 */
void candidate_watch(struct service *, int64_t ms);

/* The active one is checked now and then, if a check was asked for. */
void candidate_look_after(struct generation *active);

/* In percent; the old one gets the rest.  Not put in force yet. */
void candidate_set_share(struct release *, unsigned int percent);

/* What was kept for the rollout is let go; what it is for stays in force. */
void candidate_let_go(struct service *);

/* It is over without a new generation: say so, and let go of it. */
void candidate_tell_back(struct service *, const char *why);

#endif
