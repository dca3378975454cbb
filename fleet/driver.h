/* SPDX-License-Identifier: ISC */
/*
 * The driver of a rollout of the fleet: grants slots, looks for hosts that are
 * lost, and ends the rollout.  It keeps nothing of its own, so that anybody can
 * go on where another driver has ended, and two at once do no harm.
 */
#ifndef FLEET_DRIVER_H
#define FLEET_DRIVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "fleet/store.h"

struct driver_options {
	const char *service;
	bool json;	    /* the outcome goes to stdout as JSON */
	int64_t timeout_ms; /* -1: none */
};

/*
 * Drive the present rollout to its end, and tell how it goes.  Returns the exit
 * status of hotswap-fleet(7), from the outcome that is in the store.
 */
int driver_run(struct store *, const struct driver_options *, int64_t n);

/* Tell an outcome of the history.  Returns its exit status. */
int driver_tell(const struct driver_options *, const json_t *outcome);

#endif
