/* SPDX-License-Identifier: ISC */
/*
 * Whether a check can have reached the generation at which it was directed.
 * Where a generation has no socket, or has shut it down, another one answers.
 */
#ifndef GENERATION_PRESENCE_H
#define GENERATION_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>

struct generation;
struct listener;

/* Has the generation a socket in this listener, whether it listens or not? */
bool presence_at(const struct listener *, const struct generation *);

/*
 * Has another generation answered there for this one until now?  The active
 * generation has a socket in the listener, and this one has none that listens.
 */
bool presence_is_missed(const struct listener *, const struct generation *);

/*
 * Has the generation a socket that listens wherever this check may have asked:
 * at the port or Unix socket that the check names, if the active generation has
 * one there; and at one address at all, if the active generation has any?
 * check is NULL for the built-in check.  false with why.
 */
bool presence_suffices(
    const struct generation *, const char *check, char *why, size_t size);

#endif
