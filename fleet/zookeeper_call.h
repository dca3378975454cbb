/* SPDX-License-Identifier: ISC */
/*
 * Calls of ZooKeeper's client library, each of which waits for its completion.
 * The library has no thread here: it works while somebody waits.
 */
#ifndef FLEET_ZOOKEEPER_CALL_H
#define FLEET_ZOOKEEPER_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zookeeper/zookeeper.h>

#define ZOOKEEPER_OPS 16

struct conf;

struct zookeeper {
	const struct conf *conf;
	char *members;	 /* host:port,… */
	zhandle_t *zh;	 /* NULL: no session */
	int64_t seen_ms; /* when a member was connected last */
	int64_t look_ms; /* when the lease's key is to be looked at */
	bool changed;	 /* a watch has told of a change */
};

/*
 * One call under way.  It lives until its completion, which may come after
 * nobody waits any more.
 */
struct zookeeper_call {
	bool done, left;
	int rc;
	char *value; /* owned */
	size_t length;
	struct Stat stat;
	struct String_vector names; /* owned */
	/* of a commit */
	zoo_op_t ops[ZOOKEEPER_OPS];
	zoo_op_result_t results[ZOOKEEPER_OPS];
	struct Stat stats[ZOOKEEPER_OPS];
	char paths[ZOOKEEPER_OPS][512];
	int nops;
};

/* Begin a session if there is none that lives.  False with errno. */
bool zookeeper_is_open(struct zookeeper *);

/* Work for at most ms, or until the call is done, or a watch has fired. */
void zookeeper_work(
    struct zookeeper *, const struct zookeeper_call *, int64_t ms);

/*
 * A call to be made, *new*, with a session that is open.  NULL with errno if
 * there is no session, or no memory.
 */
struct zookeeper_call *zookeeper_call_new(struct zookeeper *);
void zookeeper_call_free(struct zookeeper_call *);

/* Wait until it is done: ZOK, or an error; ZOPERATIONTIMEOUT if it is not. */
int zookeeper_call_wait(struct zookeeper *, struct zookeeper_call *, int begun);

/*
 * Each returns ZOK or an error.  zookeeper_get and zookeeper_children leave a
 * watch; free *value and the names.
 */
int zookeeper_sync(struct zookeeper *, const char *path);
int zookeeper_get(struct zookeeper *, const char *path, char **value,
    size_t *length, struct Stat *);
int zookeeper_children(
    struct zookeeper *, const char *path, struct String_vector *);
int zookeeper_create(
    struct zookeeper *, const char *path, const char *value, int flags);
int zookeeper_delete(struct zookeeper *, const char *path);

/* The rights of what is created. */
const struct ACL_vector *zookeeper_acl(const struct zookeeper *);

/* Completions of the library, for commits. */
void zookeeper_completed(int rc, const void *call);

#endif
