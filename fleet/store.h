/* SPDX-License-Identifier: ISC */
/*
 * The store of a service's fleet: keys with values and versions, in etcd or in
 * ZooKeeper.  Whatever is decided upon a value is committed with its version,
 * so that no decision rests on a value that has changed meanwhile.  A call
 * waits for its answer, for seconds where no member answers.
 */
#ifndef FLEET_STORE_H
#define FLEET_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "fleet/entries.h"

struct conf;
struct store;

/*
 * Open the store for the keys of a service.  conf is borrowed.  *New*; NULL
 * with why.  Nothing is connected yet.
 */
struct store *store_open(
    const struct conf *, const char *service, char *why, size_t size);
void store_close(struct store *);

/*
 * store_read reads one key, store_list all below a prefix, "" for all; the
 * answers are as new as any answer given before.  -1 with errno: EACCES if the
 * store refuses this user, else the store does not answer; store_why has more.
 * Release them with entry_fini, entries_fini.
 */
int store_read(struct store *, const char *key, struct entry *);
int store_list(struct store *, const char *prefix, struct entries *);

/* Each key at most once.  But for COMMITTED, store_why has more. */
enum committed store_commit(struct store *, struct change *, size_t n);

/*
 * Keep a key that goes when this process is silent for the lease's time; to be
 * called at least every third of it, with the value.  -1 as of store_read.
 */
int store_keep_alive(struct store *, const char *key, const char *value);

/*
 * Wait until a key below the folder ("" for all), or one key, may have changed
 * since it was read, for at most ms.  1: read again; 0: the time is over.  This
 * is a hint: changes may go unnoticed.
 */
int store_wait(struct store *, const char *prefix, int64_t ms);

/* What went wrong last, for people; borrowed. */
const char *store_why(const struct store *);

#endif
