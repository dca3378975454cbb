/* SPDX-License-Identifier: ISC */
/*
 * The compiler from a plan to the map of the eBPF program
 * (kernel/steering_maps.h).  Pure.
 */
#ifndef TRAFFIC_EBPF_PLAN_H
#define TRAFFIC_EBPF_PLAN_H

#include "steering_maps.h"
#include "traffic/plan.h"

/*
 * As steer_compile, with the same meaning; keys are those of the slots in the
 * map of sockets.  -1 with errno: EINVAL if no generation with a share has a
 * slot; E2BIG if there are too many generations or sockets.
 */
int ebpf_plan_compile(const struct steer_plan *, const struct steer_slot *,
    const unsigned int *keys, size_t nslots, struct ebpf_plan *);

/* Convert a network to a key of the program's trie. */
void ebpf_plan_net(const struct steer_net *, struct ebpf_net *);

#endif
