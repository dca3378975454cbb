/* SPDX-License-Identifier: ISC */
/*
 * Descriptors that programs store with us, FDSTORE=1 of sd_notify(3).  A pool
 * has each open file once.  A store is one program's list of names and files;
 * two stores may have the same file.  The files are never read or written here.
 */
#ifndef PROCESS_FDSTORE_H
#define PROCESS_FDSTORE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "process/notify_message.h"

struct fdpool;
struct fdstore;
struct fditem;

/*
 * Tell what a successor needs.  Each may be called during any call of this
 * module.
 */
struct fdpool_events {
	/* A descriptor, *borrowed*, is in a store from now on. */
	void (*added)(unsigned int id, int fd, void *arg);
	/* It is in no store any more. */
	void (*removed)(unsigned int id, void *arg);
	/* Files hung up and have left the stores that watched them. */
	void (*hung_up)(void *arg);
};

/* One entry of a store. */
struct fdentry {
	LIST_ENTRY(fdentry) others; /* of the same file */
	char name[NOTIFY_FDNAME_MAX + 1];
	struct fditem *item;
	struct fdstore *store;
	bool watched;  /* the entry is removed when the file hangs up */
	json_t *saved; /* the same at each save, keep/patch.h; or NULL */
};

/* events is borrowed as long as the pool lives.  *New*; NULL with errno. */
struct fdpool *fdpool_new(
    struct event_base *, const struct fdpool_events *, void *arg);

/* The stores of the pool must have been freed before. */
void fdpool_free(struct fdpool *);

/* A store without entries, *new*; NULL with errno. */
struct fdstore *fdstore_new(struct fdpool *);
void fdstore_free(struct fdstore *);

/*
 * Append fd, which is *stolen* in every case.  An open file that the store has
 * already, under any name, is not stored again.  watched: the entry is removed
 * when the file hangs up or has an error, if poll(2) can tell.  Returns 0; -1
 * with errno: EXFULL if the store has max entries, EMFILE if too few
 * descriptors would be left for this process itself, EREMOTE if the file's file
 * system may not answer, base/foreign.h.
 */
int fdstore_put(
    struct fdstore *, const char *name, int fd, bool watched, size_t max);

/* Remove all entries with this name; false if there is none. */
bool fdstore_remove(struct fdstore *, const char *name);
void fdstore_clear(struct fdstore *);

/* Make the store's entries those of the other store.  -1 with ENOMEM. */
int fdstore_copy(struct fdstore *, const struct fdstore *from);

/* The entries in the order of storing; i < count.  *Borrowed*. */
size_t fdstore_count(const struct fdstore *);
const struct fdentry *fdstore_entry(const struct fdstore *, size_t i);
int fdentry_fd(const struct fdentry *);

/*
 * Save a store for a successor, *new*; and restore it, with the descriptors,
 * *stolen*, that take returns for their ids.  Entries for which take returns -1
 * are left out.  -1 with ENOMEM.
 */
json_t *fdstore_save(const struct fdstore *);
int fdstore_restore(struct fdstore *, const json_t *,
    int (*take)(unsigned int id, void *arg), void *arg);

#endif
