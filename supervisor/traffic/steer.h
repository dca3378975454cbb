/* SPDX-License-Identifier: ISC */
/*
 * Steering: compiles who shall get the next connection into the classic BPF
 * program that SO_ATTACH_REUSEPORT_CBPF (socket(7)) runs for each of them.
 * Pure: no system call is made here.
 *
 * The program returns an index into the kernel's array of the group's
 * sockets.  Packet data begins behind the TCP or UDP header; the network
 * header is at SKF_NET_OFF.
 */
#ifndef TRAFFIC_STEER_H
#define TRAFFIC_STEER_H

#include <linux/filter.h>
#include <stddef.h>
#include <sys/types.h>

#include "traffic/address.h"
#include "traffic/plan.h"

/*
 * Compile.  Generations without a share are reached only directed; a share
 * of a generation that has no slot here goes to the one with the greatest
 * share that has.  Several slots of a generation are chosen among by a hash
 * of the client's address and port.
 *
 * Sticky: hash(address) gives each client one number from 0 to 99; the
 * last entry in shares (the candidate) has the numbers below its percent, so
 * that a growing share never gives a client back.
 *
 * Returns the number of instructions; -1 with errno: E2BIG if max are not
 * enough, EINVAL if no generation with a share has a slot.
 */
ssize_t steer_compile(const struct steer_plan *, const struct steer_slot *,
    size_t nslots, struct sock_filter *, size_t max);

#endif
