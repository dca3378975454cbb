/* SPDX-License-Identifier: ISC */
/*
 * Compiles a plan into a classic BPF program, and attaches the program to a
 * SO_REUSEPORT group whose order of sockets the model tells.
 */
#ifndef TRAFFIC_ATTACH_H
#define TRAFFIC_ATTACH_H

#include <stdbool.h>
#include <sys/types.h>

#include "traffic/endpoint.h"
#include "traffic/group.h"
#include "traffic/plan.h"

/*
 * Attach the plan's program, which takes effect at once for the whole group.
 * If no generation of the plan has a socket in the group, or the plan is NULL,
 * the oldest generation that has a socket serves; if no generation has one,
 * nothing changes.  If traced is not -1, the directed source of
 * TRACE_GENERATION also reaches the socket with that index.  Datagrams are
 * always steered by their client's address: to steer each datagram by itself
 * would tear a flow.  -1 with errno.
 */
int attach_plan(const struct endpoint *, const struct group *,
    const struct steer_plan *, ssize_t traced);

/*
 * Attach a program to the group that the sockets are in: the function does it
 * by one of them, or returns -1 with errno.  0 also if all of them have left.
 */
typedef int attach_fn(int fd, const void *program);
int attach_by_any(const struct group *, attach_fn *, const void *program);

/* Is there a socket that serves, or that may serve? */
bool attach_has_keeper(const struct group *);

/*
 * The plan for a group in which no generation of the plan has a socket.  It
 * points to share.
 */
struct steer_plan attach_fallback(const struct group *, struct steer_share *);

/*
 * May the generation serve?  Those that have a socket in the group and a share
 * above 0 may; if there are none, the oldest generation that has a socket.
 */
bool attach_may_serve(
    const struct group *, const struct steer_plan *, unsigned int generation);

#endif
