/* SPDX-License-Identifier: ISC */
/*
 * What the supervisor and the kernel's half of steering
 * (kernel/steering.bpf.c) tell each other through maps, bpf(2).
 */
#ifndef KERNEL_STEERING_MAPS_H
#define KERNEL_STEERING_MAPS_H

#include <linux/types.h>

/*
 * Of all that is defined here and in steering.bpf.c: a supervisor leaves maps
 * of another layout to the supervisor that made them.
 */
#define EBPF_LAYOUT 1

#define EBPF_SOCKETS  512  /* of a group, a power of 2 */
#define EBPF_TARGETS  128  /* generations that live */
#define EBPF_NETS     1024 /* of --preview */
#define EBPF_PLANS    4	   /* a plan is written where none is read */
#define EBPF_COUNTERS 256  /* one for each generation, by its number */
#define EBPF_FLOWS    65536
#define EBPF_IDS      16  /* of a QUIC flow that are remembered */
#define EBPF_SLOTS    256 /* of directed sources, by the generation's number */
#define EBPF_CHAIN    4	  /* generations that have one slot */
#define EBPF_NONE     255 /* instead of the index of a target */
#define EBPF_NO_KEY   0xffffffffu

/* A generation that has sockets in the group. */
struct ebpf_target {
	__u32 generation;
	__u16 first; /* its sockets, in ebpf_plan.members */
	__u16 n;
	__u32 next; /* the target of the next older generation of its slot */
};

/*
 * A network of --preview, the key of a trie (BPF_MAP_TYPE_LPM_TRIE); an address
 * of IPv4 is in ::ffff:0:0/96.
 */
struct ebpf_net {
	__u32 bits;
	__u32 address[4];
};

/*
 * What a packet needs is looked up, not searched for: the kernel follows every
 * way through a loop before it accepts the program.
 */
struct ebpf_plan {
	__u64 idle_ns;	/* a flow that is silent for longer has ended */
	__u32 fallback; /* the target that serves where another one cannot */
	__u32 preview;	/* the target that the networks see, or EBPF_NONE */
	__u32 sticky;
	__u8 shares[128]; /* which target gets a number; 100 of them count */
	__u8 directed[EBPF_SLOTS]; /* the newest target of each slot */
	struct ebpf_target targets[EBPF_TARGETS];
	__u16 members[EBPF_SOCKETS]; /* keys of sockets, by target */
};

/*
 * Who has a key of the map of sockets.  What a flow remembers of it is true
 * as long as the serial number is the same.
 */
struct ebpf_owner {
	__u32 generation;
	__u32 serial;
};

/* A client; one of IPv4 is in ::ffff:0:0/96. */
struct ebpf_client {
	__u32 address[4];
	__u16 port;
	__u16 is_in6;
};

struct ebpf_flow {
	__u64 last_ns; /* bpf_ktime_get_ns(), as CLOCK_MONOTONIC */
	__u32 key;     /* of its socket */
	__u32 serial;
	__u32 quic; /* it began as QUIC does */
	__u32 ids;  /* so many of its connection's IDs are known */
};

#endif
