/* SPDX-License-Identifier: ISC */
/*
 * The time that a state of a rollout has, and what follows when it has
 * passed.  Time in which we could not run does not count: that of a candidate
 * to become ready, and that in which it is watched.
 */
#ifndef ROLLOUT_DEADLINE_H
#define ROLLOUT_DEADLINE_H

#include <stdint.h>

struct service;

/* The release's timer.  -1 with errno. */
int deadline_init(struct service *);
void deadline_fini(struct service *);

/* The state of the rollout ends in so long, unless something else ends it. */
void deadline_set(struct service *, int64_t ms);
void deadline_clear(struct service *);

#endif
