/* SPDX-License-Identifier: ISC */
/*
 * Shows whether the kernel keeps to a plan: a program may have attached another
 * BPF program to the group (SO_ATTACH_REUSEPORT_EBPF, socket(7)) unseen by the
 * shim.
 */
#ifndef TRAFFIC_PROOF_H
#define TRAFFIC_PROOF_H

#include "traffic/endpoint.h"
#include "traffic/group.h"
#include "traffic/plan.h"

/*
 * As listener_prove.  A busy machine is no reason to accuse a program: one
 * packet that goes astray shows nothing.
 */
int proof_try(const struct endpoint *, const struct group *,
    const struct steer_plan *, unsigned int generation);

#endif
