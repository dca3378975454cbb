/* SPDX-License-Identifier: ISC */
/*
 * The end of a service.
 */
#ifndef ROLLOUT_ENDING_H
#define ROLLOUT_ENDING_H

#include <stdbool.h>

struct service;

/*
 * Stop all generations and end with this exit status; now: without draining.
 * Asked again with now, it stops waiting for connections.
 */
void ending_begin(struct service *, int exit_status, bool now);

/* A generation has come to its end: if all have and we are ending, end. */
void ending_settle(struct service *);

#endif
