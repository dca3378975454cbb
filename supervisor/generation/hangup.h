/* SPDX-License-Identifier: ISC */
/*
 * Hanging up: the idle connections of a generation that drains are ended evenly
 * over --drain-idle, in the way that its server would end them.  Each is taken
 * by pidfd_getfd(2) and its receiving half is shut, so that the server reads an
 * end of file.  Connections of Unix sockets are left alone, since the kernel
 * does not tell which of them are idle.
 */
#ifndef GENERATION_HANGUP_H
#define GENERATION_HANGUP_H

#include <stddef.h>
#include <stdint.h>

struct generation;

/*
 * Begin; in left_ms milliseconds all that are idle by then have ended.  Does
 * nothing without --drain-idle.
 */
void hangup_begin(struct generation *, int64_t left_ms);

/* Go on as a successor with the time that hangup_until has told. */
void hangup_resume(struct generation *, int64_t until);

/* When the last one is due, by clock_ms; 0: nothing is hung up. */
int64_t hangup_until(const struct generation *);

/* How many were ended so far. */
size_t hangup_ended(const struct generation *);

/* End it. */
void hangup_stop(struct generation *);

/*
 * The number of idle connections, and how long the longest silent one has been
 * silent.  -1 with errno.
 */
int hangup_count(struct generation *, unsigned int *silent_ms);

#endif
