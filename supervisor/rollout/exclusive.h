/* SPDX-License-Identifier: ISC */
/*
 * --strategy exclusive: for programs that cannot run beside their successor.
 * New connections wait in the candidate's sockets while the old one ends and
 * the candidate starts.  If that fails, the old image runs again, as a new run
 * of the old generation, with the sockets in which the connections wait.
 *
 * The functions are actions of the table in core/rollout.c.
 */
#ifndef ROLLOUT_EXCLUSIVE_H
#define ROLLOUT_EXCLUSIVE_H

#include <stdbool.h>

struct service;

/* Let new connections wait, and end all other generations. */
void exclusive_vacate(struct service *, const char *why);

/*
 * exclusive_restore ends the candidate; exclusive_revive then starts the old
 * one again.
 */
void exclusive_restore(struct service *, const char *why);
void exclusive_revive(struct service *, const char *why);

/* The old one serves again; or it does not, and why. */
void exclusive_restored(struct service *, const char *why);
void exclusive_lost(struct service *, const char *why);

/* A program accepts again: the pause is over. */
void exclusive_resumed(struct service *);

/* A generation has ended: was it the last one that had to? */
void exclusive_look(struct service *);

/*
 * In a successor, of a rollout whose old one still serves: give the share back
 * to it.  Does somebody wait for the candidate, who came before?  The old one
 * cannot accept such a connection unless it is started again with the
 * candidate's sockets.
 */
bool exclusive_is_awaited(struct service *);

/*
 * Go on in a successor, with what is left to do until the old one can be
 * started again.
 */
void exclusive_resume(struct service *);

#endif
