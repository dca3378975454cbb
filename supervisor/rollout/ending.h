/* SPDX-License-Identifier: ISC */
/*
 * The end of a service.
 */
#ifndef ROLLOUT_ENDING_H
#define ROLLOUT_ENDING_H

#include <stdbool.h>

struct service;

/*
 * Stop all generations and end with this exit status; now: without draining.  A
 * second call with now ends the draining that the first one began.
 */
void ending_begin(struct service *, int exit_status, bool now);

/*
 * To be called when a generation or the last hook has ended: ends the service
 * if it is stopping and all have.
 */
void ending_settle(struct service *);

#endif
