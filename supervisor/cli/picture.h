/* SPDX-License-Identifier: ISC */
/*
 * The present state of a service in a few lines for people: the rollout under
 * way; and for each generation that runs its share as a bar, its connections
 * and its checks.  This writes text; cli/block.h keeps the text on the screen.
 */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/render.h"

struct picture {
	const json_t *status; /* borrowed */
	int64_t age_ms;	      /* of the status, for times left */
	size_t width;
	bool colours;
};

/* Write one line: which generation serves, and which rollout is under way. */
void picture_summary(FILE *, const struct picture *);

/* Write a table of the generations that run, and why their checks fail. */
void picture_generations(FILE *, const struct picture *);

/* How a role or the result of a check is coloured. */
enum paint picture_paint(const char *word);

#endif
