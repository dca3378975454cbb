/* SPDX-License-Identifier: ISC */
/*
 * How a rollout goes, on stderr: a line per event, and on a terminal one
 * line below them that is rewritten in place.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_TICK_MS 200 /* how often the line is drawn anew */

/* How far it is, as far as is known. */
struct progress {
	const char *name; /* borrowed */
	bool live;	  /* a terminal */
	bool drawn;	  /* the line is on the screen */
	int64_t begun;	  /* times are of clock_ms */
	int64_t noted;
	int64_t due; /* when the present step ends; 0: not known */
	json_int_t from, to;
	json_int_t share;  /* of the candidate */
	json_int_t passes; /* of its checks, in a row */
	char step[16];	   /* `checking`; "" at first */
};

void progress_init(struct progress *, const char *name);

/* Show an event's message, which is a sentence. */
void progress_event(struct progress *, const json_t *event);

/* Take over what a status says of the rollout. */
void progress_note(struct progress *, const json_t *status);

/* Whether a new status should be asked for. */
bool progress_is_stale(const struct progress *);

/* Draw the line anew; nothing where there is no terminal. */
void progress_draw(struct progress *);

/* Take the line off the screen. */
void progress_clear(struct progress *);

#endif
