/* SPDX-License-Identifier: ISC */
/*
 * The clock and the loop of the load client: when each request is due, what
 * runs out of time, when the run ends.
 */
#ifndef LOAD_ENGINE_H
#define LOAD_ENGINE_H

#include "options.h"
#include "tally.h"

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t engine_now(void);

/*
 * Run to the end, signals and control lines included, and leave the account
 * in *t.  What makes a run impossible ends the program.
 */
void engine_run(const struct options *, struct tally *t);

#endif
