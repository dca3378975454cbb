/* SPDX-License-Identifier: ISC */
/*
 * What the way of TCP and UDP consists of.  For reuseport.c and
 * reuseport_state.c alone.
 */
#ifndef TRAFFIC_REUSEPORT_FIELDS_H
#define TRAFFIC_REUSEPORT_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "traffic/chooser.h"
#include "traffic/endpoint.h"
#include "traffic/finder.h"
#include "traffic/group.h"
#include "traffic/plan.h"

struct reuseport {
	struct endpoint *at;
	struct group group;
	uid_t uid; /* the owner of all sockets of the group, socket(7) */
	const struct steer_plan *plan; /* NULL: none yet */
	bool adrift;		       /* some have left while nobody watched */
	struct chooser chooser;
};

/* Mark the sockets that are not in the group any more; are there any? */
bool reuseport_look(struct reuseport *);

/* Where nothing goes by the order of the group: drop those marked so. */
void reuseport_forget_gone(struct reuseport *);

/* Of the way, traffic/way.h. */
int reuseport_direct(void *way, unsigned int generation, unsigned int n,
    struct address *to, struct address *source);
enum steering_kind reuseport_kind(const void *way);
uint64_t reuseport_given(const void *way, unsigned int generation);
size_t reuseport_flows(
    const void *way, unsigned int generation, int64_t idle_ms);
json_t *reuseport_save(const void *way);
int reuseport_restore(void *way, const json_t *, const struct way_finder *);

#endif
