/* SPDX-License-Identifier: ISC */
/*
 * What a rollout of the fleet shows: a line for each host that begins or ends,
 * and on a terminal how many are done, at work and to come, and the time left.
 */
#ifndef FLEET_PROGRESS_H
#define FLEET_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/block.h"
#include "fleet/view.h"

#define PROGRESS_TICK_MS 1000

struct progress {
	const char *service;
	bool live;     /* stderr is a terminal */
	bool begun;    /* the first line was told */
	bool halted;   /* and that of the halt */
	json_t *steps; /* told of each host, by name */
	struct block block;
	int64_t began_ms;
	size_t ended; /* when the progress began */
};

void progress_init(struct progress *, const char *service, bool json);
void progress_fini(struct progress *);

/* Tell what has changed since the last time. */
void progress_note(struct progress *, const struct view *);

/* Show the present state on a terminal; take it off again. */
void progress_draw(struct progress *, const struct view *);
void progress_clear(struct progress *);

#endif
