/* SPDX-License-Identifier: ISC */
/*
 * The policy: whether, and when, a generation that has ended is started again.
 */
#ifndef GENERATION_RESTART_H
#define GENERATION_RESTART_H

#include <stdbool.h>
#include <stdint.h>

struct generation;
struct options;

/* status: of waitpid(2). */
bool restart_is_wanted(const struct options *, int status);

/* Count a restart.  The milliseconds to wait before; -1: beyond the limit. */
int64_t restart_wait(struct generation *);

#endif
