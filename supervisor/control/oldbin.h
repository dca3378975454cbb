/* SPDX-License-Identifier: ISC */
/*
 * The old generation while two generations run, and what signals to it mean:
 * those that nginx documents for its old master process during an upgrade.
 */
#ifndef CONTROL_OLDBIN_H
#define CONTROL_OLDBIN_H

#include <stdbool.h>

struct generation;
struct service;

/*
 * The generation that new connections are meant for: the candidate from its
 * first share on, else the active one.  NULL before the first generation
 * serves.
 */
struct generation *oldbin_successor(const struct service *);

/* The generation before oldbin_successor if it still runs, else NULL. */
struct generation *oldbin_generation(const struct service *);

/*
 * Act on a signal that was sent to the old generation:
 *
 *   HUP	roll back to it
 *   WINCH      the new one gets all new connections, the old one is parked
 *   QUIT       as WINCH, and the old one is drained and stopped
 *   TERM, INT  as WINCH, and the old one is stopped at once
 *   USR1       passed on to its program
 *
 * Returns whether a rollback has begun; in nginx a rollback ends with QUIT to
 * the new master process.
 */
bool oldbin_take(struct service *, int signal);

#endif
