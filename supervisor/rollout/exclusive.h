/* SPDX-License-Identifier: ISC */
/*
 * --strategy exclusive: for programs that cannot run beside their successor.
 * New connections wait in the candidate's sockets while the old one ends and
 * the candidate comes up.  Where that fails, the old image runs again, as a
 * new run of the old generation, with the sockets in which they wait.
 *
 * These are the actions that core/rollout.c has for it.
 */
#ifndef ROLLOUT_EXCLUSIVE_H
#define ROLLOUT_EXCLUSIVE_H

struct service;

/* Let new connections wait, and end all that runs. */
void exclusive_vacate(struct service *, const char *why);

/* End the candidate; then the old one shall come back. */
void exclusive_restore(struct service *, const char *why);
void exclusive_revive(struct service *, const char *why);

/* It serves again; or it does not, and why. */
void exclusive_restored(struct service *, const char *why);
void exclusive_lost(struct service *, const char *why);

/* Somebody accepts again: the pause is over. */
void exclusive_resumed(struct service *);

/* A generation has ended: was it the last that the rollout waits for? */
void exclusive_look(struct service *);

#endif
