/* SPDX-License-Identifier: ISC */
/*
 * Steering a SO_REUSEPORT group by the eBPF program of kernel/steering.bpf.c:
 * it is attached once, and what the supervisor writes into its maps is in
 * force at once.  The kernel frees it only when no packet uses it any more,
 * which kernels with CVE-2026-52910 do not do with a classic program.
 *
 * It takes CAP_BPF, CAP_NET_ADMIN and, to find the maps again after a death
 * of the supervisor, CAP_SYS_ADMIN.
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

/* Groups of one process that may be steered so; the others are classic. */
#define EBPF_GROUPS_MAX 64

/* Was hotswap built with it? */
extern const bool ebpf_is_built;

/* The program with its maps, for one group. */
struct ebpf;

/*
 * May this process steer so on this kernel?  Found out once, by loading the
 * program.  -1 with why.
 */
int ebpf_try(char why[static EBPF_WHY]);

/*
 * Load it; datagrams: flows are known.  *New*; NULL with errno: EMFILE if
 * EBPF_GROUPS_MAX groups have one.
 */
struct ebpf *ebpf_new(bool datagrams);

/* The group goes on as it is: only the sockets' end ends the program. */
void ebpf_free(struct ebpf *);

/* What a successor needs to find it again, *new*; *new*, NULL with errno. */
json_t *ebpf_save(const struct ebpf *);
struct ebpf *ebpf_restore(const json_t *, bool datagrams);

/* Attach it to the group of this socket.  -1 with errno. */
int ebpf_attach(const struct ebpf *, int fd);

/*
 * Make the socket, which is in the group, known by a key that nothing has
 * (ebpf_put), or by the one that it has, for another generation
 * (ebpf_rename); or by none.  -1 with errno.
 */
int ebpf_put(struct ebpf *, unsigned int key, int fd, unsigned int generation);
int ebpf_rename(struct ebpf *, unsigned int key, unsigned int generation);
void ebpf_remove(struct ebpf *, unsigned int key);

/* The flows that have this key are not followed any more. */
void ebpf_forget_flows(struct ebpf *, unsigned int key);

/*
 * Have these networks, and no others, see the preview of a plan that comes
 * next.  -1 with errno.
 */
int ebpf_set_preview(struct ebpf *, const struct ebpf_net *, size_t n);

/* The plan is in force on return.  -1 with errno. */
int ebpf_store(struct ebpf *, const struct ebpf_plan *);

/*
 * Connections or datagrams that a generation has been given; flows of these
 * keys that have not been silent for longer than idle_ms.
 */
uint64_t ebpf_given(const struct ebpf *, unsigned int generation);
size_t ebpf_flows(const struct ebpf *, const bool *keys, int64_t idle_ms);

#endif
