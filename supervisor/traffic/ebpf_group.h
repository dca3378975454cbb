/* SPDX-License-Identifier: ISC */
/*
 * Keeps the maps of a group's eBPF program (traffic/ebpf.h) in step with the
 * model of the group and with the plan.
 */
#ifndef TRAFFIC_EBPF_GROUP_H
#define TRAFFIC_EBPF_GROUP_H

#include <stddef.h>

#include "traffic/ebpf.h"
#include "traffic/group.h"
#include "traffic/plan.h"

/*
 * Put the plan in force: new sockets get keys, and the program is attached to
 * the group, which changes nothing if it is attached already.  The plan may be
 * NULL, as for attach_plan.  -1 with errno.
 */
int ebpf_group_apply(struct ebpf *, struct group *, const struct steer_plan *);

/* Forget a socket that we are about to close. */
void ebpf_group_remove(struct ebpf *, struct group_slot *);

/* The number of a generation's flows, see ebpf_flows. */
size_t ebpf_group_flows(const struct ebpf *, const struct group *,
    unsigned int generation, int64_t idle_ms);

#endif
