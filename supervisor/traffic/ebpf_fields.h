/* SPDX-License-Identifier: ISC */
/*
 * The members of struct ebpf.  For ebpf.c and ebpf_count.c only.
 */
#ifndef TRAFFIC_EBPF_FIELDS_H
#define TRAFFIC_EBPF_FIELDS_H

#include <linux/types.h>
#include <stdbool.h>

/* The maps, in the order of their names in ebpf.c. */
enum map {
	MAP_SOCKETS,
	MAP_PLANS,
	MAP_CURRENT,
	MAP_OWNERS,
	MAP_PREVIEW,
	MAP_COUNTERS,
	MAP_FLOWS,
	MAP_CONNECTIONS,
	NMAPS
};

struct ebpf {
	int program;	   /* keeps the maps, also without a socket */
	__u32 maps[NMAPS]; /* numbers, since descriptors are scarce */
	__u32 number;	   /* of the program */
	__u32 plan;	   /* the index of the plan in force */
	bool datagrams;
};

/* A map's descriptor, *new*; -1 with errno. */
int ebpf_open_map(const struct ebpf *, enum map);

#endif
