/* SPDX-License-Identifier: ISC */
/*
 * What chooses among the sockets of a group: our eBPF program
 * (traffic/ebpf_group.h) where it may be had, else a classic one for each
 * plan (traffic/attach.h).
 */
#ifndef TRAFFIC_CHOOSER_H
#define TRAFFIC_CHOOSER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/endpoint.h"
#include "traffic/group.h"
#include "traffic/plan.h"

struct ebpf;

/* All zero at first. */
struct chooser {
	struct ebpf *ebpf;     /* NULL: classic, or none yet */
	unsigned int failures; /* to have eBPF here */
};

void chooser_fini(struct chooser *);

/* eBPF goes by keys, so that the order of the kernel's array does not matter.
 */
bool chooser_is_ebpf(const struct chooser *);

/*
 * Put the plan in force, which may be NULL as for attach_plan; adrift: the
 * order of the group is not known, so that a classic program must not go by
 * it (-1 with EBUSY).  -1 with errno: the one before is in force.
 */
int chooser_apply(struct chooser *, const struct endpoint *, struct group *,
    const struct steer_plan *, bool adrift);

/* A socket is about to be closed by us. */
void chooser_remove(struct chooser *, struct group_slot *);

/* As listener_given and listener_flows. */
uint64_t chooser_given(const struct chooser *, unsigned int generation);
size_t chooser_flows(const struct chooser *, const struct group *,
    unsigned int generation, int64_t idle_ms);

/* What a successor must know, *new*; NULL: nothing. */
json_t *chooser_save(const struct chooser *);
void chooser_restore(
    struct chooser *, const struct endpoint *, struct group *, const json_t *);

#endif
