/* SPDX-License-Identifier: ISC */
/*
 * How a successor goes on with a rollout.
 */
#ifndef ROLLOUT_RESUMPTION_H
#define ROLLOUT_RESUMPTION_H

struct service;

/*
 * To be called when all is restored and the loop is about to run: finishes a
 * rollout whose candidate had all the traffic, and takes back any other.  A
 * first start goes on, and so does a rollout that was handed over.
 */
void resumption_begin(struct service *);

#endif
