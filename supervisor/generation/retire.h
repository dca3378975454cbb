/* SPDX-License-Identifier: ISC */
/*
 * What becomes of a generation that no longer serves: parked for a time,
 * drained, stopped, retired.  Any number of them may be on this way at once.
 */
#ifndef GENERATION_RETIRE_H
#define GENERATION_RETIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct generation;
struct service;

/* Keep it alive with share 0 for --keep, then drain it. */
void retire_park(struct generation *);

/* A parked one serves again: forget its time. */
void retire_unpark(struct generation *);

/*
 * Wait until its connections have ended, at most --drain-timeout, then stop
 * it.  Its role becomes draining, in the end retired; a failed one stays
 * failed.
 */
void retire_drain(struct generation *);

/* Stop it without waiting for connections, but with the graceful signal. */
void retire_stop(struct generation *);

/* Stop it with SIGTERM, and SIGKILL after --stop-timeout. */
void retire_now(struct generation *);

/* Its last process has ended, or it never had one. */
void retire_finish(struct generation *);

/* When it will be drained or stopped at the latest, clock_ms; 0: never. */
int64_t retire_deadline(const struct generation *);

/* It has been told to end. */
bool retire_is_stopping(const struct generation *);

/* Open connections that it has, -1 if that cannot be told. */
int retire_connections(struct generation *);

/* Where it is on this way, *new*; NULL if it is not on it. */
json_t *retire_save(const struct generation *);

/* A successor goes on with what retire_save has said. */
void retire_restore(struct generation *, const json_t *);

#endif
