/* SPDX-License-Identifier: ISC */
/*
 * The generations of a service.  Starts them, and starts one again when it
 * ends by itself and the policy says so; what follows from its end is told
 * through struct generation_events.
 */
#ifndef GENERATION_GENERATIONS_H
#define GENERATION_GENERATIONS_H

#include "core/generation.h"

/*
 * Make the next generation of the service.  *Steals* the image in every
 * case.  NULL with why.
 */
struct generation *generation_new(
    struct service *, struct image *, char *why, size_t size);
void generation_free(struct generation *);

/*
 * One without a program; *steals* the image in every case.  Then a program
 * for it, with a predecessor's notification socket, *stolen*, or -1.  NULL,
 * -1 with errno.
 */
struct generation *generation_make(
    struct service *, struct image *, unsigned int number);
int generation_equip(
    struct generation *, int notify_fd, char *why, size_t size);

/* Start its program, with sockets in every listener.  -1 with why. */
int generation_start(struct generation *, char *why, size_t size);

/*
 * One that has ended for good starts as active once more, with the sockets
 * that go by its number, or new ones.  -1 with why.
 */
int generation_revive(struct generation *, char *why, size_t size);

/* Start it again if it was given up for a candidate, which is no more. */
void generation_try_again(struct generation *);

/* NULL if there is none. */
struct generation *generation_find(struct service *, unsigned int number);

/* It has ended for good: let go of its program and sockets. */
void generation_close(struct generation *);

/*
 * Forget retired and failed ones past --retain, and remove the copies of
 * images that nobody needs.  Waits for the next time while a rollout's image
 * is being prepared.
 */
void generation_prune(struct service *);

const char *role_name(enum role);

#endif
