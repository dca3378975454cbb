/* SPDX-License-Identifier: ISC */
/*
 * Asking the kernel which of its sockets is at an index of a group: a
 * connection of our own is steered there, and we see in whose accept queue
 * it is.
 */
#ifndef TRAFFIC_TRACE_H
#define TRAFFIC_TRACE_H

#include <limits.h>

#include "traffic/group.h"
#include "traffic/way.h"

/* No generation has this number; its directed source is ours. */
#define TRACE_GENERATION UINT_MAX

/*
 * Make one connection from the directed source of TRACE_GENERATION, take it
 * off again, and return the unsure placeholder that had it; -1 if there is
 * none.  Never waits: over the loopback a handshake is done when connect(2)
 * returns.
 */
int trace_connection(const struct endpoint *, const struct group *);

#endif
