/* SPDX-License-Identifier: ISC */
/*
 * What programs keep with us, FDSTORE=1 of sd_notify(3): a store for each
 * generation, which its program is given back when it is started again.  A
 * candidate's is at first a copy of the active one's; from there on each goes
 * its own way.
 */
#ifndef GENERATION_STORED_H
#define GENERATION_STORED_H

#include <jansson.h>
#include <stddef.h>

#include "process/spawn.h"

struct generation;
struct notify_message;
struct service;
struct stored;

/* Before the first generation is made, after the last one is gone. */
int stored_open(struct service *);
void stored_close(struct service *);

/* Give a generation a store, empty.  -1 with errno. */
int stored_begin(struct generation *);
void stored_end(struct generation *);

/* Its program said something, maybe of its store. */
void stored_told(struct generation *, const struct notify_message *);

/* Its store becomes a copy of the other's. */
void stored_inherit(struct generation *, const struct generation *from);

/* Let go of what it has. */
void stored_clear(struct generation *);

/*
 * Let go of the stores of those that have ended, but for the two that a
 * rollout may still start, or start from.
 */
void stored_sweep(struct service *);

/* What its program is to be given, without addresses; *new*, NULL with errno.
 */
struct spawn_socket *stored_collect(const struct generation *, size_t *n);

/* For status: how many, and how many by name; *new*. */
json_t *stored_json(const struct generation *);

/* What a successor must know, *new*, and taking it over.  -1 with errno. */
json_t *stored_save(const struct generation *);
int stored_restore(struct generation *, const json_t *);

#endif
