/* SPDX-License-Identifier: ISC */
/*
 * The invariants.  Each one is checked where the world can break it; a broken
 * one ends the run.
 */
#ifndef SIMULATOR_LAWS_H
#define SIMULATOR_LAWS_H

#include <jansson.h>

struct service;

/* A supervisor has begun with this service, which lives as long as it. */
void laws_begin(struct service *);

/* The supervisor is about to die. */
void laws_died(void);

/* A rollout has ended. */
void laws_outcome(struct service *, const json_t *outcome);

/* The shares, as the simulated kernel has them: at every change of them. */
void laws_shares(void);

/* Between two waits of the loop. */
void laws_look(void);

/* A connection was refused though it was sent to nobody in particular. */
void laws_refused(int port);

/* A connection was lost that waited at a socket of this generation. */
void laws_lost(int connection, unsigned int generation);

/* A command has got its answer. */
void laws_answer(int command);

/* The service was left in peace: is everything as it should be? */
void laws_rest(void);

/* The supervisor has ended by itself, with this status. */
void laws_end(int status);

#endif
