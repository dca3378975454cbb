/* SPDX-License-Identifier: ISC */
/*
 * Asking the kernel which socket of a group is at an index: a packet of our
 * own is steered there, dropped before anybody sees it, and we look whose
 * count of drops has risen.
 */
#ifndef TRAFFIC_TRACE_H
#define TRAFFIC_TRACE_H

#include <limits.h>
#include <stddef.h>

#include "traffic/way.h"

/* No generation has this number; its directed source is ours. */
#define TRACE_GENERATION UINT_MAX

/*
 * Send one packet from the directed source of TRACE_GENERATION, and return
 * which of n sockets of the group had it.  -1 with errno: ENOENT if it was
 * none of these, or more than one that it may have been; EBUSY if one has a
 * filter of its program's own, socket(7).
 * Over the loopback that is known when the packet is sent, but for a kernel
 * that is busy, which gets a few milliseconds.
 */
int trace_index(const struct endpoint *, const int *fds, size_t n);

#endif
