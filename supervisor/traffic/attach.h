/* SPDX-License-Identifier: ISC */
/*
 * Putting a program in force on a SO_REUSEPORT group, for the order that the
 * model of its array says.
 */
#ifndef TRAFFIC_ATTACH_H
#define TRAFFIC_ATTACH_H

#include <sys/types.h>

#include "traffic/group.h"
#include "traffic/steer.h"

/*
 * At once for the whole group.  Where none of the plan's generations has a
 * socket there, and with a plan that is NULL, the oldest that has serves;
 * where nobody has, nothing changes.  With traced not -1, that index is
 * reached by the directed source of TRACE_GENERATION as well.  -1 with errno.
 */
int attach_plan(
    const struct group *, const struct steer_plan *, ssize_t traced);

#endif
