/* SPDX-License-Identifier: ISC */
/*
 * The progress of a rollout on stderr: a line for each event, and on a terminal
 * below these lines the picture that status --watch shows.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/block.h"

#define PROGRESS_TICK_MS 200 /* how often the picture is drawn anew */

/* The progress as far as it is known. */
struct progress {
	const char *name; /* borrowed */
	bool live;	  /* stderr is a terminal that can be drawn on */
	struct block block;
	json_t *status; /* NULL: not known yet */
	int64_t begun;	/* times are of clock_ms */
	int64_t noted;
	json_int_t from, to;
};

void progress_init(struct progress *, const char *name);
void progress_fini(struct progress *);

/* Show an event's message, which is a sentence. */
void progress_event(struct progress *, const json_t *event);

/* Take over what a status tells of the rollout. */
void progress_note(struct progress *, json_t *status);

/* Whether a new status should be asked for. */
bool progress_is_stale(const struct progress *);

/* Draw the picture again; without a terminal this does nothing. */
void progress_draw(struct progress *);

/* Take the picture off the screen. */
void progress_clear(struct progress *);

#endif
