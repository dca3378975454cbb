/* SPDX-License-Identifier: ISC */
/*
 * Compiles a plan into the classic BPF program that the kernel runs for each
 * new connection or datagram (SO_ATTACH_REUSEPORT_CBPF, socket(7)).  Pure: no
 * system call is made here.
 *
 * The program returns an index into the kernel's array of the group's sockets.
 * Packet data begins behind the TCP or UDP header; the network header is at
 * SKF_NET_OFF.
 */
#ifndef TRAFFIC_STEER_H
#define TRAFFIC_STEER_H

#include <linux/filter.h>
#include <stddef.h>
#include <sys/types.h>

#include "traffic/address.h"
#include "traffic/plan.h"

/*
 * Compile.  A generation without a share is reached only by directed
 * connections.  The share of a generation that has no slot here goes to the
 * generation with a slot that has the greatest share.  A hash of the client's
 * address and port chooses among several slots of one generation.
 *
 * Sticky: hash(address) gives each client one number from 0 to 99.  The last
 * entry in shares (the candidate) has the numbers below its percent, so that a
 * client that has the candidate keeps it while the candidate's share grows.
 *
 * Returns the number of instructions; -1 with errno: E2BIG if max instructions
 * are not enough, EINVAL if no generation with a share has a slot.
 */
ssize_t steer_compile(const struct steer_plan *, const struct steer_slot *,
    size_t nslots, struct sock_filter *, size_t max);

#endif
