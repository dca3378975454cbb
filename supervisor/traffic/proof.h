/* SPDX-License-Identifier: ISC */
/*
 * Showing that the kernel keeps to a plan: a program may have attached
 * another program to the group (SO_ATTACH_REUSEPORT_EBPF, socket(7)) where
 * the shim did not see it.
 */
#ifndef TRAFFIC_PROOF_H
#define TRAFFIC_PROOF_H

#include "traffic/endpoint.h"
#include "traffic/group.h"
#include "traffic/plan.h"

/*
 * As listener_prove says.  A program is accused of nothing that a busy
 * machine may do: one packet that goes astray is none.
 */
int proof_try(const struct endpoint *, const struct group *,
    const struct steer_plan *, unsigned int generation);

#endif
