/* SPDX-License-Identifier: ISC */
/*
 * Finds out the order of a group's array where the model cannot know it.  The
 * kernel does not tell that order, so packets of our own, which no program
 * sees, test one index after the other (traffic/trace.h).
 */
#ifndef TRAFFIC_ORDER_H
#define TRAFFIC_ORDER_H

#include "traffic/group.h"
#include "traffic/plan.h"
#include "traffic/way.h"

/*
 * Find out the places of the placeholders after several departures in an
 * unknown order, as far as that is possible.
 */
void order_resolve(
    const struct endpoint *, struct group *, const struct steer_plan *);

/*
 * Find out the order after sockets that are marked as gone have left unnoticed,
 * and others may have been moved.  Until the new order is known, users are
 * steered by the old one.  Then the group has the new order, without the
 * sockets that are gone.  -1 with errno: the order cannot be found out, and
 * nothing has changed.
 */
int order_find(
    const struct endpoint *, struct group *, const struct steer_plan *);

#endif
