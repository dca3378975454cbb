/* SPDX-License-Identifier: ISC */
/*
 * Descriptors that programs store with us, FDSTORE=1 of sd_notify(3): a store
 * for each generation.  A program gets its descriptors back when it is started
 * again.  A candidate's store is a copy of the active generation's at first;
 * after that each changes by itself.
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

/* Before the first generation is made; after the last one is freed. */
int stored_open(struct service *);
void stored_close(struct service *);

/* Give a generation an empty store.  -1 with errno. */
int stored_begin(struct generation *);
void stored_end(struct generation *);

/* Take a message of the generation's program, which may be about its store. */
void stored_told(struct generation *, const struct notify_message *);

/* Make the generation's store a copy of the other one's. */
void stored_inherit(struct generation *, const struct generation *from);

/* Release what the store has. */
void stored_clear(struct generation *);

/*
 * Release the stores of generations that have ended, except the two that a
 * rollout may start again or copy from.
 */
void stored_sweep(struct service *);

/* What its program gets, without addresses; *new*, NULL with errno. */
struct spawn_socket *stored_collect(const struct generation *, size_t *n);

/* For status: the number of descriptors, and the number by name; *new*. */
json_t *stored_json(const struct generation *);

/* Save what a successor must know, *new*; and restore it.  -1 with errno. */
json_t *stored_save(const struct generation *);
int stored_restore(struct generation *, const json_t *);

#endif
