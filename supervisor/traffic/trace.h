/* SPDX-License-Identifier: ISC */
/*
 * Asking the kernel which socket of a group gets a packet: a packet of our
 * own is dropped before any program sees it (traffic/sieve.h), and we look
 * whose count of drops has risen.  Over the loopback that is known when the
 * packet is sent, but for a kernel that is busy, which gets a few
 * milliseconds.
 */
#ifndef TRAFFIC_TRACE_H
#define TRAFFIC_TRACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "traffic/endpoint.h"

/*
 * No generation has this number; its directed source is ours.  Where the
 * program in force does not lead it anywhere, it is a client like any other.
 */
#define TRACE_GENERATION UINT_MAX

/*
 * Send one packet from the directed source of TRACE_GENERATION, and return
 * which of n sockets of the group had it.  -1 with errno: ENOENT if it was
 * none of these, or more than one that it may have been; EBUSY if one can
 * have no sieve.
 */
int trace_index(const struct endpoint *, const int *fds, size_t n);

/*
 * Send so many packets from the directed source of this generation, TRACE_MOST
 * at the most, and put into drops how many each of the n sockets has dropped
 * since: with a full queue that may be more.  fds are all sockets of the
 * group: what one without a sieve got would reach its program.  Many packets
 * are for a source that nobody else uses: all of its ports are dropped.  -1
 * with errno, as above, and nothing is sent.
 */
#define TRACE_MOST 8
int trace_packets(const struct endpoint *, unsigned int generation,
    unsigned int packets, const int *fds, unsigned int *drops, size_t n);

#endif
