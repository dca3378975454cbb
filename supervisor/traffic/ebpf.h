/* SPDX-License-Identifier: ISC */
/*
 * Steers a SO_REUSEPORT group with the eBPF program of kernel/steering.bpf.c.
 * The program is attached once, and what the supervisor writes into its maps
 * takes effect at once.  The kernel frees an eBPF program only when no packet
 * uses it any more; kernels with CVE-2026-52910 free a classic program too
 * early.
 *
 * eBPF needs CAP_BPF, CAP_NET_ADMIN and, to open a map by its number,
 * CAP_SYS_ADMIN.
 */
#ifndef TRAFFIC_EBPF_H
#define TRAFFIC_EBPF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "steering_maps.h"

#define EBPF_WHY 256

/* eBPF groups of one process at most; the other groups are classic. */
#define EBPF_GROUPS_MAX 64

/* Was hotswap built with eBPF? */
extern const bool ebpf_is_built;

/* The program with its maps, for one group. */
struct ebpf;

/*
 * May this process use eBPF on this kernel?  The first call finds out, by
 * loading the program.  -1 with why.
 */
int ebpf_try(char *why, size_t size);

/*
 * Load the program; with datagrams it remembers flows.  *New*; NULL with errno:
 * EMFILE if EBPF_GROUPS_MAX groups have one.
 */
struct ebpf *ebpf_new(bool datagrams);

/* The group keeps the program until its last socket is closed. */
void ebpf_free(struct ebpf *);

/*
 * Save what a successor needs to find the program and its maps, *new*; and find
 * them again, *new*, or NULL with errno.
 */
json_t *ebpf_save(const struct ebpf *);
struct ebpf *ebpf_restore(const json_t *, bool datagrams);

/* Attach the program to the group of this socket.  -1 with errno. */
int ebpf_attach(const struct ebpf *, int fd);

/*
 * ebpf_put: let the program choose a socket of the group by a key that no
 * socket has. ebpf_rename: give the socket with this key to another
 * generation.  Both return -1 with errno.  ebpf_remove: take the key from its
 * socket.
 */
int ebpf_put(struct ebpf *, unsigned int key, int fd, unsigned int generation);
int ebpf_rename(struct ebpf *, unsigned int key, unsigned int generation);
void ebpf_remove(struct ebpf *, unsigned int key);

/* Make the flows of this key begin anew with their next packet. */
void ebpf_forget_flows(struct ebpf *, unsigned int key);

/*
 * Make these networks, and no others, those of --preview for the next plan.  -1
 * with errno.
 */
int ebpf_set_preview(struct ebpf *, const struct ebpf_net *, size_t n);

/* Put the plan in force.  -1 with errno. */
int ebpf_store(struct ebpf *, const struct ebpf_plan *);

/*
 * ebpf_given: the number of connections or datagrams that a generation has been
 * given.  ebpf_flows: the number of flows of these keys that have not been
 * silent for longer than idle_ms.
 */
uint64_t ebpf_given(const struct ebpf *, unsigned int generation);
size_t ebpf_flows(const struct ebpf *, const bool *keys, int64_t idle_ms);

#endif
