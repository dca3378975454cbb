/* SPDX-License-Identifier: ISC */
/*
 * Starting a generation's program by the first way of its image that works,
 * process/image_plan.h.
 */
#ifndef GENERATION_ATTEMPT_H
#define GENERATION_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>

struct generation;

/*
 * Start the program, whose sockets are there, by a way from generation->way on,
 * and set generation->way to it.  -1 with why and errno, that of a lack if
 * there was one, base/lack.h.
 */
int attempt(struct generation *, char *why, size_t size);

/*
 * To be called when the program has ended by itself, with this status of
 * wait(2); how says it for people.
 * Returns whether it ended so soon after its start that the way of the start
 * may be the reason, and there is another way: the next attempt takes that one.
 * Otherwise the next attempt begins with the first way.
 */
bool attempt_differently(struct generation *, int status, const char *how);

/*
 * The program has ended for good: remove copies that were made beside its files
 * for it.
 */
void attempt_end(struct generation *);

/* `, from …` as image_plan_describe, of the last attempt; "": in place. */
void attempt_describe(const struct generation *, char *buf, size_t size);

#endif
