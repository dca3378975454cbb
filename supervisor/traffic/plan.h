/* SPDX-License-Identifier: ISC */
/*
 * A plan: which generations shall get the next connections, the same for every
 * listener of the service.
 */
#ifndef TRAFFIC_PLAN_H
#define TRAFFIC_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A source network: the first bits of an address. */
struct steer_net {
	int family; /* AF_INET or AF_INET6 */
	unsigned int bits;
	unsigned char address[16]; /* network byte order */
};

struct steer_share {
	unsigned int generation;
	unsigned int percent;
};

/* A plan. */
struct steer_plan {
	const struct steer_share *shares; /* percents sum up to 100 */
	size_t nshares;
	bool sticky; /* by the client's address instead of at random */
	const struct steer_net *preview; /* get preview_generation */
	size_t npreview;
	unsigned int preview_generation;

	/* For UDP, where flows are remembered (traffic/ebpf.h). */
	int64_t idle_ms;     /* a flow that is silent for longer has ended */
	unsigned int moving; /* the flows of this generation move at once */
};

/* One socket of the group, in the order of the kernel's array. */
struct steer_slot {
	unsigned int generation; /* 0: a placeholder, never chosen */
	unsigned int also;	 /* 0 or a generation directed here too */
};

/*
 * Parse `10.1.0.0/16`, `2001:db8::/32`, or an address alone.  -1 with EINVAL.
 */
int steer_net_parse(struct steer_net *, const char *text);

/* A copy of a plan, with all that the plan points to. */
struct plan {
	struct steer_plan plan;
	struct steer_share *shares;
	struct steer_net *preview;
};

/* *New*; NULL with errno. */
struct plan *plan_copy(const struct steer_plan *);
void plan_free(struct plan *);

#endif
