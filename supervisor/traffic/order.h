/* SPDX-License-Identifier: ISC */
/*
 * Finding out the order of a group's array where the model cannot know it.
 * Nobody can read that order: it is asked for, index by index, by packets of
 * our own that no program sees (traffic/trace.h).
 */
#ifndef TRAFFIC_ORDER_H
#define TRAFFIC_ORDER_H

#include "traffic/group.h"
#include "traffic/plan.h"
#include "traffic/way.h"

/*
 * After several departures in an unknown order: find out which placeholder
 * is where, as far as that can be told.
 */
void order_resolve(
    const struct endpoint *, struct group *, const struct steer_plan *);

/*
 * Sockets marked as gone have left while nobody watched, others may have been
 * moved.  Users go on being steered by the old order until the new one is
 * known; then the group is as it is, and the gone are no more in it.  -1 with
 * errno: it cannot be told, and nothing has changed.
 */
int order_find(
    const struct endpoint *, struct group *, const struct steer_plan *);

#endif
