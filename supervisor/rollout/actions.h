/* SPDX-License-Identifier: ISC */
/*
 * The actions of a rollout's table (core/rollout.h), and what follows for
 * the service from what generations tell (struct generation_events).
 */
#ifndef ROLLOUT_ACTIONS_H
#define ROLLOUT_ACTIONS_H

struct service;

/*
 * Of a service that is being made: from here on rollouts can begin.  -1 with
 * ENOMEM.
 */
int actions_open(struct service *);
void actions_close(struct service *);

#endif
