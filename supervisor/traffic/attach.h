/* SPDX-License-Identifier: ISC */
/*
 * Putting a program in force on a SO_REUSEPORT group, for the order that the
 * model of its array says.
 */
#ifndef TRAFFIC_ATTACH_H
#define TRAFFIC_ATTACH_H

#include <stdbool.h>
#include <sys/types.h>

#include "traffic/endpoint.h"
#include "traffic/group.h"
#include "traffic/plan.h"

/*
 * At once for the whole group.  Where none of the plan's generations has a
 * socket there, and with a plan that is NULL, the oldest that has serves;
 * where nobody has, nothing changes.  With traced not -1, that index is
 * reached by the directed source of TRACE_GENERATION as well.  Datagrams are
 * always steered by their client's address: to steer each by itself would
 * tear what belongs together.  -1 with errno.
 */
int attach_plan(const struct endpoint *, const struct group *,
    const struct steer_plan *, ssize_t traced);

/* Does a socket serve, or may one? */
bool attach_has_keeper(const struct group *);

/* The one where no generation of the plan is there; share is its memory. */
struct steer_plan attach_fallback(const struct group *, struct steer_share *);

/*
 * A generation whose share is above 0 by the plan, among those that have a
 * socket there; or the one that serves where none has.
 */
bool attach_may_serve(
    const struct group *, const struct steer_plan *, unsigned int generation);

#endif
