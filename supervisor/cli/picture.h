/* SPDX-License-Identifier: ISC */
/*
 * How a service is just now, in a few lines for people: what is under way,
 * and of each generation that runs its share as a bar, its connections and
 * checks.  Writes text; where it stays on a screen is cli/block.h's.
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
	int64_t age_ms;	      /* since it was got: times left are shorter */
	size_t width;
	bool colours;
};

/* One line: who serves, what rollout is under way. */
void picture_summary(FILE *, const struct picture *);

/* A table of the generations that run, and why checks fail. */
void picture_generations(FILE *, const struct picture *);

/* Which roles and results of checks stand out. */
enum paint picture_paint(const char *word);

#endif
