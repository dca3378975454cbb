/* SPDX-License-Identifier: ISC */
/*
 * The actions of a rollout's table (core/rollout.h), and what the rollout does
 * when a generation reports something (struct generation_events).
 */
#ifndef ROLLOUT_ACTIONS_H
#define ROLLOUT_ACTIONS_H

struct service;

/*
 * For a service that is being made: rollouts can begin from here on.  -1 with
 * ENOMEM.
 */
int actions_open(struct service *);
void actions_close(struct service *);

#endif
