/* SPDX-License-Identifier: ISC */
/*
 * What chooses among the sockets of a group: our eBPF program
 * (traffic/ebpf_group.h) where it is possible, otherwise a classic program for
 * each plan (traffic/attach.h).
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
	struct ebpf *ebpf;     /* NULL: a classic program, or none yet */
	unsigned int failures; /* failed attempts to use eBPF */
};

void chooser_fini(struct chooser *);

/*
 * Is it eBPF?  The eBPF program chooses by keys, not by the order of the group.
 */
bool chooser_is_ebpf(const struct chooser *);

/*
 * Put the plan in force; it may be NULL, as for attach_plan.  adrift: the order
 * of the group is unknown, so no classic program may be attached (-1 with
 * EBUSY).  So it is if eBPF, which needs no order, is given up just now.  -1
 * with errno: the program before stays in force.
 */
int chooser_apply(struct chooser *, const struct endpoint *, struct group *,
    const struct steer_plan *, bool adrift);

/* Forget a socket that we are about to close. */
void chooser_remove(struct chooser *, struct group_slot *);

/* As listener_given and listener_flows. */
uint64_t chooser_given(const struct chooser *, unsigned int generation);
size_t chooser_flows(const struct chooser *, const struct group *,
    unsigned int generation, int64_t idle_ms);

/* Save what a successor must know, *new*; NULL if there is nothing. */
json_t *chooser_save(const struct chooser *);
void chooser_restore(
    struct chooser *, const struct endpoint *, struct group *, const json_t *);

#endif
