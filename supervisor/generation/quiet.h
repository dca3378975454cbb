/* SPDX-License-Identifier: ISC */
/*
 * A quiet start, --quiet: until it gets its first share, a candidate yields the
 * processor to what serves (process/yielding.h).  A generation that serves
 * never yields: this holds over a restart, the end of the supervisor and a
 * reexec.
 */
#ifndef GENERATION_QUIET_H
#define GENERATION_QUIET_H

struct generation;
struct service;

/*
 * Before the candidate of an upgrade is started: shall its program yield?  It
 * does so for a third of --start-timeout at most, so that a machine whose
 * processors are all taken does not keep it from becoming ready.
 */
void quiet_begin(struct generation *);

/* Its program was started: the program yields if it shall. */
void quiet_started(struct generation *);

/* The program does not yield any more. */
void quiet_end(struct generation *);

/* The generation ends: nothing is left of that. */
void quiet_forget(struct generation *);

/* quiet_end for all generations. */
void quiet_end_all(struct service *);

#endif
