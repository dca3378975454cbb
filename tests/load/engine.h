/* SPDX-License-Identifier: ISC */
/*
 * The clock and the loop of the load client: when each request is due, which
 * have run out of time, and when the run ends.
 */
#ifndef LOAD_ENGINE_H
#define LOAD_ENGINE_H

#include "options.h"
#include "tally.h"

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t engine_now(void);

/*
 * Run to the end, with signals and control lines, and put the results into *t.
 * If a run is impossible, the program ends.
 */
void engine_run(const struct options *, struct tally *t);

#endif
