/* SPDX-License-Identifier: ISC */
/*
 * The time limit of a rollout's state, and what follows when it has passed.
 * Time in which the supervisor could not run does not count: a candidate could
 * not become ready or be checked in it.
 */
#ifndef ROLLOUT_DEADLINE_H
#define ROLLOUT_DEADLINE_H

#include <stdint.h>

struct service;

/* Make the release's timer.  -1 with errno. */
int deadline_init(struct service *);
void deadline_fini(struct service *);

/* The state ends in so many ms, unless something else ends it before. */
void deadline_set(struct service *, int64_t ms);
void deadline_clear(struct service *);

#endif
