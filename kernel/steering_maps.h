/* SPDX-License-Identifier: ISC */
/*
 * The layout of the maps, bpf(2), through which the supervisor and the eBPF
 * program of kernel/steering.bpf.c exchange data.
 */
#ifndef KERNEL_STEERING_MAPS_H
#define KERNEL_STEERING_MAPS_H

#include <linux/types.h>

/*
 * The number of this layout.  It changes with every change of a map here or in
 * steering.bpf.c: a supervisor does not use maps of another layout.
 */
#define EBPF_LAYOUT 1

#define EBPF_SOCKETS  512  /* of a group; a power of 2 */
#define EBPF_TARGETS  128  /* living generations */
#define EBPF_NETS     1024 /* networks of --preview */
#define EBPF_PLANS    4	   /* a new plan never overwrites the one in force */
#define EBPF_COUNTERS 256  /* a generation's is at its number modulo this */
#define EBPF_FLOWS    65536

/*
 * A client that asks once, as those of DNS do, uses its port again for another
 * question: such a flow ends soon.  A flow of EBPF_LASTS_N datagrams that has
 * lasted for EBPF_LASTS_NS, and every flow of QUIC, may be silent for longer.
 */
#define EBPF_LASTS_N  8
#define EBPF_SHORT_NS 3000000000ull
#define EBPF_LASTS_NS 2000000000ull
#define EBPF_IDS      16  /* IDs remembered for a QUIC flow */
#define EBPF_SLOTS    256 /* for directed sources, by the generation's number */
#define EBPF_CHAIN    4	  /* generations that are looked at in a slot */
#define EBPF_NONE     255 /* in place of a target's index: no target */
#define EBPF_NO_KEY   0xffffffffu

/* A generation that has sockets in the group. */
struct ebpf_target {
	__u32 generation;
	__u16 first; /* where its sockets begin in ebpf_plan.members */
	__u16 n;
	__u32 next; /* target of the next older generation in the same slot */
};

/*
 * A network of --preview, as the key of a trie (BPF_MAP_TYPE_LPM_TRIE).  An
 * IPv4 address is stored in ::ffff:0:0/96.
 */
struct ebpf_net {
	__u32 bits;
	__u32 address[4];
};

/*
 * A plan consists of tables, so that the program needs no search: the verifier
 * follows every path through a loop before it accepts the program.
 */
struct ebpf_plan {
	__u64 idle_ns[2]; /* a flow that is silent for longer has ended */
	__u32 fallback;	  /* target that serves where the chosen one cannot */
	__u32 preview; /* target for the networks of --preview, or EBPF_NONE */
	__u32 sticky;
	__u8 shares[128];	   /* the target for each number from 0 to 99 */
	__u8 directed[EBPF_SLOTS]; /* newest target of each slot */
	struct ebpf_target targets[EBPF_TARGETS];
	__u16 members[EBPF_SOCKETS]; /* keys of sockets, grouped by target */
};

/*
 * The owner of a key in the map of sockets.  A flow's entry is valid as long as
 * its serial number is the owner's.
 */
struct ebpf_owner {
	__u32 generation;
	__u32 serial;
};

/* A client.  An IPv4 address is stored in ::ffff:0:0/96. */
struct ebpf_client {
	__u32 address[4];
	__u16 port;
	__u16 is_in6;
};

struct ebpf_flow {
	__u64 first_ns; /* bpf_ktime_get_ns(), CLOCK_MONOTONIC, of its first */
	__u64 last_ns;	/* and of its last datagram */
	__u32 key;	/* the key of its socket */
	__u32 serial;
	__u32 lasts; /* 1: it may be silent for idle_ns[1], else idle_ns[0] */
	__u32 quic;  /* its first packet was one of QUIC */
	__u32 ids;   /* number of its connection IDs that are remembered */
	__u32 n;     /* number of its datagrams */
};

#endif
