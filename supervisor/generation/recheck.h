/* SPDX-License-Identifier: ISC */
/*
 * The check of an active generation that was started again: a program that runs
 * but answers nobody is as useless as one that has ended.  It is checked until
 * it is healthy; if it is not within --start-timeout, it is killed, and started
 * again as after any crash.
 */
#ifndef GENERATION_RECHECK_H
#define GENERATION_RECHECK_H

#include <stdint.h>

struct generation;

/*
 * Begin, in place of the series of checks that the generation has.  If that
 * fails, the generation's backoff is set, which shall do this again.
 */
void recheck_begin(struct generation *);

/* The same by a successor, if the check may have been under way. */
void recheck_resume(struct generation *);

/* The program asks for so much time from now on. */
void recheck_extend(struct generation *, int64_t ms);

/* Stop, if it is under way; the series of checks is ended by health_end. */
void recheck_end(struct generation *);

#endif
