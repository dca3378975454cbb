/* SPDX-License-Identifier: ISC */
/*
 * Descriptors that programs keep with us, FDSTORE=1 of sd_notify(3).  A pool
 * has each of them once; a store is the list of one program's, by name, and
 * two stores may have the same descriptor.  Never reads or writes them.
 */
#ifndef PROCESS_FDSTORE_H
#define PROCESS_FDSTORE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "process/notify_message.h"

struct fdpool;
struct fdstore;
struct fditem;

/* For a successor's sake.  Each may be called from within any call here. */
struct fdpool_events {
	/* A descriptor, *borrowed*, is in a store from here on. */
	void (*added)(unsigned int id, int fd, void *arg);
	/* It is in none any more. */
	void (*removed)(unsigned int id, void *arg);
	/* Some hung up, and are no longer in the stores that watched them. */
	void (*hung_up)(void *arg);
};

/* One place in a store, which has its name. */
struct fdentry {
	char name[NOTIFY_FDNAME_MAX + 1];
	struct fditem *item;
	bool watched; /* it goes when it hangs up */
};

/* events is borrowed for good.  *New*; NULL with errno. */
struct fdpool *fdpool_new(
    struct event_base *, const struct fdpool_events *, void *arg);

/* All its stores are gone by then. */
void fdpool_free(struct fdpool *);

/* *New*, empty; NULL with errno. */
struct fdstore *fdstore_new(struct fdpool *);
void fdstore_free(struct fdstore *);

/*
 * Store fd, which is *stolen* in every case, at the end.  An open file that
 * is in the store already is not stored again, under no other name either.
 * watched: it goes when it hangs up or has an error, where poll(2) can tell.
 * Returns 0; -1 with errno: EXFULL if max are there, EMFILE if this process
 * would be left with too few descriptors for itself, EREMOTE if it is a file
 * of a file system that may not answer or may hold one, base/foreign.h.
 */
int fdstore_put(
    struct fdstore *, const char *name, int fd, bool watched, size_t max);

/* Let go of all that have this name; false if none has. */
bool fdstore_remove(struct fdstore *, const char *name);
void fdstore_clear(struct fdstore *);

/* Have what the other one has, and nothing else.  -1 with ENOMEM. */
int fdstore_copy(struct fdstore *, const struct fdstore *from);

/* In the order in which they were stored; i < count.  *Borrowed*. */
size_t fdstore_count(const struct fdstore *);
const struct fdentry *fdstore_entry(const struct fdstore *, size_t i);
int fdentry_fd(const struct fdentry *);

/*
 * What a successor must know, *new*; and the store made again of it, with
 * the descriptors, *stolen*, that take has for their numbers.  What it has
 * none for (-1) is left out.  -1 with ENOMEM.
 */
json_t *fdstore_save(const struct fdstore *);
int fdstore_restore(struct fdstore *, const json_t *,
    int (*take)(unsigned int id, void *arg), void *arg);

#endif
