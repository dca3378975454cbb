/* SPDX-License-Identifier: ISC */
/*
 * What becomes of a generation that no longer serves: it is parked for a time,
 * drained, stopped, retired.  Any number of generations may retire at once.
 */
#ifndef GENERATION_RETIRE_H
#define GENERATION_RETIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct generation;
struct service;

/* Keep the generation alive with share 0 for --keep, then drain it. */
void retire_park(struct generation *);

/* A parked generation serves again: cancel the end of its time. */
void retire_unpark(struct generation *);

/*
 * Wait until the generation's connections have ended, at most --drain-timeout,
 * then stop it.  Its role becomes draining, and retired in the end; a failed
 * generation stays failed.
 */
void retire_drain(struct generation *);

/* Stop it with the graceful signal, without waiting for connections. */
void retire_stop(struct generation *);

/* Stop it with SIGTERM, and with SIGKILL after --stop-timeout. */
void retire_now(struct generation *);

/* The last process has ended, or there never was one. */
void retire_finish(struct generation *);

/* When it will be drained or stopped at the latest, by clock_ms; 0: never. */
int64_t retire_deadline(const struct generation *);

/* Whether the generation has been told to end. */
bool retire_is_stopping(const struct generation *);

/* Save how far it has retired, *new*; NULL if it serves. */
json_t *retire_save(const struct generation *);

/* Go on as a successor with what retire_save has saved. */
void retire_restore(struct generation *, const json_t *);

#endif
