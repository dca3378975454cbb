/* SPDX-License-Identifier: ISC */
/*
 * The members of the way for TCP and UDP.  For reuseport.c and
 * reuseport_state.c only.
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
	const struct steer_plan *plan; /* NULL: no plan yet */
	bool adrift;		       /* sockets left, the order is unknown */
	struct chooser chooser;
};

/*
 * Mark the sockets that are no longer in the group.  Are there any?  mixed: we
 * have changed the group, and what has left before is to be seen now.
 */
bool reuseport_look(struct reuseport *, bool mixed);

/*
 * Drop the sockets that are marked as gone, where nothing depends on the order
 * of the group.
 */
void reuseport_forget_gone(struct reuseport *);

/* Functions of the way, traffic/way.h. */
int reuseport_direct(void *way, unsigned int generation, unsigned int n,
    struct address *to, struct address *source);
enum steering_kind reuseport_kind(const void *way);
uint64_t reuseport_given(const void *way, unsigned int generation);
size_t reuseport_flows(
    const void *way, unsigned int generation, int64_t idle_ms);
void reuseport_hand_over(void *way, unsigned int from, unsigned int to);
json_t *reuseport_save(const void *way);
int reuseport_restore(void *way, const json_t *, const struct way_finder *);

#endif
