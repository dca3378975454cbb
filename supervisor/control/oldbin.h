/* SPDX-License-Identifier: ISC */
/*
 * The old generation while two run, and what signals to it mean: those that
 * nginx documents for its old master while it executes a new binary.
 */
#ifndef CONTROL_OLDBIN_H
#define CONTROL_OLDBIN_H

#include <stdbool.h>

struct generation;
struct service;

/*
 * The one that new connections are meant for: the candidate from its first
 * share on, else the active one.  NULL before the first one serves.
 */
struct generation *oldbin_successor(const struct service *);

/* The one before it while it still runs, else NULL. */
struct generation *oldbin_generation(const struct service *);

/*
 * A signal was sent to the old one, which there is:
 *
 *   HUP        go back to it
 *   WINCH      the new one gets all new connections, the old one stands by
 *   QUIT       the same, and the old one is drained and stopped
 *   TERM, INT  the same, and the old one is stopped at once
 *   USR1       passed on to its program
 *
 * Returns whether that was the beginning of a way back, whose end in nginx
 * is QUIT to the new one.
 */
bool oldbin_take(struct service *, int signal);

#endif
