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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "traffic/address.h"

/* A source network, in host form: bits of address that count. */
struct steer_net {
	int family; /* AF_INET or AF_INET6 */
	unsigned int bits;
	unsigned char address[16]; /* network byte order */
};

struct steer_share {
	unsigned int generation;
	unsigned int percent;
};

/* Who shall get what, the same for every listener of the service. */
struct steer_plan {
	const struct steer_share *shares; /* percents sum up to 100 */
	size_t nshares;
	bool sticky; /* by the client's address instead of at random */
	const struct steer_net *preview; /* these see preview_generation */
	size_t npreview;
	unsigned int preview_generation;

	/* UDP, where flows are known (traffic/ebpf.h). */
	int64_t idle_ms;     /* a flow that is silent for longer has ended */
	unsigned int failed; /* the flows of this generation move at once */
};

/* One socket of the group, in the order of the kernel's array. */
struct steer_slot {
	unsigned int generation; /* 0: a placeholder, never chosen */
	unsigned int also; /* 0, or one whose directed source leads here too */
};

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

/* `10.1.0.0/16`, `2001:db8::/32`, or an address alone.  -1 with EINVAL. */
int steer_net_parse(struct steer_net *, const char *text);

#endif
