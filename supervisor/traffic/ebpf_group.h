/* SPDX-License-Identifier: ISC */
/*
 * Keeping what the eBPF program of a group knows (traffic/ebpf.h) like the
 * model of the group and the plan.
 */
#ifndef TRAFFIC_EBPF_GROUP_H
#define TRAFFIC_EBPF_GROUP_H

#include <stddef.h>

#include "traffic/ebpf.h"
#include "traffic/group.h"
#include "traffic/plan.h"

/*
 * Put the plan in force: sockets that are new are made known, those that have
 * left are forgotten, and the program is attached to the group, which changes
 * nothing where it is attached already.  The plan may be NULL, as for
 * attach_plan.  -1 with errno.
 */
int ebpf_group_apply(struct ebpf *, struct group *, const struct steer_plan *);

/* A socket is about to be closed by us. */
void ebpf_group_remove(struct ebpf *, struct group_slot *);

/* The flows that a generation has, see ebpf_flows. */
size_t ebpf_group_flows(const struct ebpf *, const struct group *,
    unsigned int generation, int64_t idle_ms);

#endif
