/* SPDX-License-Identifier: ISC */
/*
 * One check of one generation, directed at that generation alone: a --health
 * check, the built-in one, or the warm-up (--warm).
 */
#ifndef GENERATION_DIRECTED_CHECK_H
#define GENERATION_DIRECTED_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct directed_check;
struct generation;

enum directed_kind {
	DIRECTED_HEALTH,  /* within --health-timeout */
	DIRECTED_WARM_UP, /* all its requests, within half of --start-timeout */
};

/* why: one line for people, borrowed, or NULL; for a pass, what was measured.
 */
typedef void directed_check_fn(bool passed, const char *why, void *arg);

/*
 * pattern is a value of --health or --warm, borrowed for the call; NULL: the
 * built-in check.  *New*, released by itself before fn is called, which is
 * never before this returns.  NULL with why.
 */
struct directed_check *directed_check_start(struct generation *,
    const char *pattern, enum directed_kind, directed_check_fn *fn, void *arg,
    char *why, size_t size);

/* End the check, if there is one, without calling fn. */
void directed_check_cancel(struct directed_check *);

#endif
