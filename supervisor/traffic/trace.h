/* SPDX-License-Identifier: ISC */
/*
 * Finds out which socket of a group gets a packet.  A packet of our own is
 * dropped before any program sees it (traffic/sieve.h), and the count of drops
 * rises at the socket that got it.  Over the loopback the count has risen when
 * the packet is sent; a busy kernel gets a few milliseconds.
 */
#ifndef TRAFFIC_TRACE_H
#define TRAFFIC_TRACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "traffic/endpoint.h"

/*
 * No generation has this number; its directed source is ours.  If the program
 * in force does not direct that source at a socket, it is a client like any
 * other.
 */
#define TRACE_GENERATION UINT_MAX

/*
 * Send one packet from the directed source of TRACE_GENERATION, and return
 * which of the n sockets of the group got it.  -1 with errno: ENOENT if none of
 * these or more than one may have got it; EBUSY if a socket can have no sieve.
 */
int trace_index(const struct endpoint *, const int *fds, size_t n);

/*
 * Send this number of packets, TRACE_MOST at most, from the directed source of
 * the generation, and put into drops how many packets each of the n sockets has
 * dropped since; a full queue makes that more.  fds must be all sockets of the
 * group: the program of a socket without a sieve would see the packet.  With
 * more than one packet all ports of the source are dropped, so nobody else may
 * use that source.  -1 with errno as above, and nothing is sent.
 */
#define TRACE_MOST 8
int trace_packets(const struct endpoint *, unsigned int generation,
    unsigned int packets, const int *fds, unsigned int *drops, size_t n);

#endif
