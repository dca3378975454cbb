/* SPDX-License-Identifier: ISC */
/*
 * The generations of a service.  They are started here, and started again when
 * they end by themselves and the policy says so.  What follows from the end of
 * a generation is decided through struct generation_events.
 */
#ifndef GENERATION_GENERATIONS_H
#define GENERATION_GENERATIONS_H

#include "core/generation.h"

/*
 * Make the next generation of the service.  *Steals* the image in every case.
 * NULL with why.
 */
struct generation *generation_new(
    struct service *, struct image *, char *why, size_t size);

/*
 * generation_make makes a generation without a program and *steals* the image
 * in every case; NULL with errno.  generation_equip makes the program, with a
 * predecessor's notification socket, *stolen*, or -1; -1 with why.
 */
struct generation *generation_make(
    struct service *, struct image *, unsigned int number);
int generation_equip(
    struct generation *, int notify_fd, char *why, size_t size);

/*
 * Start its program, which it is given if it has none, with sockets in every
 * listener.  -1 with why.
 */
int generation_start(struct generation *, char *why, size_t size);

/*
 * Start a generation that has ended for good as the active one again, with the
 * sockets that are held under its number, or new ones.  -1 with why.
 */
int generation_revive(struct generation *, char *why, size_t size);

/*
 * The active generation has ended with this status, or could not be started, as
 * how says: start it again after a while, or give it up as --restart and
 * --restart-limit say.  It is not given up for what the system lacks.
 */
void generation_start_again(struct generation *, int status, const char *how);

/*
 * give_way: do not start it again, for a candidate that takes over.  try_again:
 * start it again, at once or when the system may have what it lacks, if it was
 * given up for a candidate that has ended by now.
 */
void generation_give_way(struct generation *);
void generation_try_again(struct generation *);

/* Has it a main process? */
bool generation_runs(const struct generation *);

/* The generation with this number; NULL if there is none. */
struct generation *generation_find(struct service *, unsigned int number);

const char *role_name(enum role);

#endif
