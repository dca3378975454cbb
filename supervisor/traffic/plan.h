/* SPDX-License-Identifier: ISC */
/*
 * A copy of a plan (traffic/steer.h) with everything that the plan points to.
 */
#ifndef TRAFFIC_PLAN_H
#define TRAFFIC_PLAN_H

#include "traffic/steer.h"

struct plan {
	struct steer_plan plan;
	struct steer_share *shares;
	struct steer_net *preview;
};

/* *New*; NULL with errno. */
struct plan *plan_copy(const struct steer_plan *);
void plan_free(struct plan *);

#endif
