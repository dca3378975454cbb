/* SPDX-License-Identifier: ISC */
/*
 * ZooKeeper 3.5 and later.  A key is a node of the same path, and its folders
 * are nodes without a value.  The version of a key is its node's, from 1 on.
 * The lease is an ephemeral node.  Each read leaves a watch, so that waiting is
 * waiting for any of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/conf.h"
#include "fleet/engine.h"
#include "fleet/zookeeper_call.h"

#define DEPTH 2 /* of the keys below a service's folder */

static int
fail(struct store *store, int rc, const char *path)
{
	return engine_fail(store, rc == ZNOAUTH ? EACCES : EHOSTUNREACH,
	    "zookeeper: %s: %s", path, zerror(rc));
}

static char *
join_members(const struct conf *conf)
{
	char *members = NULL;
	const json_t *one;
	size_t size, i;
	FILE *out = open_memstream(&members, &size);

	if (out == NULL)
		return NULL;
	json_array_foreach (conf->endpoints, i, one)
		fprintf(out, "%s%s", i > 0 ? "," : "", json_string_value(one));
	fclose(out);
	return members;
}

static int
zookeeper_begin(struct store *store)
{
	struct zookeeper *zookeeper;

	if (store->conf->ca != NULL || store->conf->certificate != NULL ||
	    store->conf->key != NULL)
		return engine_fail(store, EINVAL,
		    "zookeeper: \"ca\", \"certificate\" and \"key\" cannot be "
		    "used, since the library of this build has no TLS");
	store->state = zookeeper = calloc(1, sizeof(*zookeeper));
	if (zookeeper == NULL)
		return engine_fail(store, ENOMEM, "%s", strerror(ENOMEM));
	zookeeper->conf = store->conf;
	zookeeper->members = join_members(store->conf);
	zoo_set_debug_level((ZooLogLevel)0);
	return zookeeper->members != NULL
	    ? 0
	    : engine_fail(store, ENOMEM, "%s", strerror(ENOMEM));
}

static void
zookeeper_end(struct store *store)
{
	struct zookeeper *zookeeper = store->state;

	if (zookeeper == NULL)
		return;
	if (zookeeper->zh != NULL)
		zookeeper_close(zookeeper->zh);
	free(zookeeper->members);
	free(zookeeper);
}

static int
read_node(struct store *store, const char *path, struct entries *entries)
{
	struct Stat stat;
	size_t length;
	char *value;
	int rc, r = 0;

	rc = zookeeper_get(store->state, path, &value, &length, &stat);
	if (rc == ZNONODE)
		return 0;
	if (rc != ZOK)
		return fail(store, rc, path);
	/* A folder has no value. */
	if (length > 0 &&
	    entries_add(
		entries, path, value, length, (int64_t)stat.version + 1) == -1)
		r = engine_fail(store, ENOMEM, "%s", strerror(ENOMEM));
	free(value);
	return r;
}

/* What was answered to anybody before is seen from here on. */
static int
catch_up(struct store *store)
{
	int rc = zookeeper_sync(store->state, store->root[0] ? "/" : "");

	return rc == ZOK ? 0 : fail(store, rc, "/");
}

static int
zookeeper_read(struct store *store, const char *key, struct entry *entry)
{
	struct entries entries = { 0 };
	int r = catch_up(store);

	if (r == 0)
		r = read_node(store, key, &entries);
	if (r == 0 && entries.n > 0) {
		*entry = entries.list[0];
		entries.list[0] = (struct entry){ 0 };
	}
	entries_fini(&entries);
	return r;
}

/*
 * Read all below the path, but not as of one moment.  A slot is granted upon
 * the key `running`, so it is read before the hosts: a host that is granted
 * between the two makes that commit fail.
 */
static int
list_below(
    struct store *store, const char *path, int depth, struct entries *entries)
{
	struct String_vector names;
	char child[512];
	int rc, r = 0, i;

	rc = zookeeper_children(store->state, path, &names);
	if (rc == ZNONODE)
		return 0;
	if (rc != ZOK)
		return fail(store, rc, path);
	for (i = 0; r == 0 && i < names.count; i++) {
		snprintf(child, sizeof(child), "%s/%s", path, names.data[i]);
		r = read_node(store, child, entries);
	}
	for (i = 0; r == 0 && depth > 1 && i < names.count; i++) {
		snprintf(child, sizeof(child), "%s/%s", path, names.data[i]);
		r = list_below(store, child, depth - 1, entries);
	}
	deallocate_String_vector(&names);
	return r;
}

static int
zookeeper_list(struct store *store, const char *prefix, struct entries *entries)
{
	char path[512];
	size_t n = strlcpy(path, prefix, sizeof(path));

	if (catch_up(store) == -1)
		return -1;
	/* A prefix is a folder, with its slash. */
	if (n > 1 && path[n - 1] == '/')
		path[n - 1] = '\0';
	return list_below(
	    store, path, strcmp(prefix, store->root) == 0 ? DEPTH : 1, entries);
}

/* Make the folders of a key that are missing. */
static void
make_folders(struct zookeeper *zookeeper, const char *key)
{
	char path[512], *slash;

	strlcpy(path, key, sizeof(path));
	for (slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		zookeeper_create(zookeeper, path, "", 0);
		*slash = '/';
	}
}

static void
add_op(struct zookeeper *zookeeper, struct zookeeper_call *call,
    const struct change *change)
{
	int n = call->nops++, version = (int)change->version - 1;
	zoo_op_t *op = &call->ops[n];
	char *path = call->paths[n];

	strlcpy(path, change->key, sizeof(call->paths[n]));
	switch (change->kind) {
	case CHANGE_CHECK:
		zoo_check_op_init(op, path, version);
		break;
	case CHANGE_DELETE:
		zoo_delete_op_init(op, path, version);
		break;
	case CHANGE_PUT:
		if (change->version == 0)
			zoo_create_op_init(op, path, change->value,
			    (int)strlen(change->value),
			    zookeeper_acl(zookeeper), 0, NULL, 0);
		else
			zoo_set_op_init(op, path, change->value,
			    (int)strlen(change->value), version,
			    &call->stats[n]);
	}
}

/* There must be no such key: it can be made, and is removed again. */
static void
add_absence(struct zookeeper *zookeeper, struct zookeeper_call *call,
    const struct change *change)
{
	struct change make = { CHANGE_PUT, change->key, 0, "-", 0 };
	struct change remove = { CHANGE_DELETE, change->key, 1, NULL, 0 };

	add_op(zookeeper, call, &make);
	add_op(zookeeper, call, &remove);
}

static enum committed
judge(struct store *store, int rc)
{
	switch (rc) {
	case ZOK:
		return COMMITTED;
	case ZBADVERSION:
	case ZNODEEXISTS:
	case ZNONODE:
		engine_fail(
		    store, EAGAIN, "somebody else has changed a key meanwhile");
		return CONFLICT;
	case ZNOAUTH:
		fail(store, rc, "commit");
		return DENIED;
	default:
		fail(store, rc, "commit");
		return UNKNOWN;
	}
}

static enum committed
zookeeper_commit(struct store *store, struct change *changes, size_t n)
{
	struct zookeeper *zookeeper = store->state;
	struct zookeeper_call *call = zookeeper_call_new(zookeeper);
	int at[ZOOKEEPER_OPS], rc;
	size_t i;

	if (call == NULL) {
		fail(store, ZSYSTEMERROR, "commit");
		return CONFLICT;
	}
	for (i = 0; i < n; i++) {
		at[i] = call->nops;
		if (changes[i].version == 0 && changes[i].kind == CHANGE_PUT)
			make_folders(zookeeper, changes[i].key);
		if (changes[i].version == 0 && changes[i].kind == CHANGE_CHECK)
			add_absence(zookeeper, call, &changes[i]);
		else
			add_op(zookeeper, call, &changes[i]);
	}
	/* The session may have ended meanwhile. */
	rc = zookeeper->zh == NULL
	    ? ZSYSTEMERROR
	    : zookeeper_call_wait(zookeeper, call,
		  zoo_amulti(zookeeper->zh, call->nops, call->ops,
		      call->results, zookeeper_completed, call));
	for (i = 0; rc == ZOK && i < n; i++)
		changes[i].written = changes[i].version == 0
		    ? 1
		    : (int64_t)call->stats[at[i]].version + 1;
	zookeeper_call_free(call);
	return judge(store, rc);
}

static int
zookeeper_keep_alive(struct store *store, const char *key, const char *value)
{
	struct zookeeper *zookeeper = store->state;
	struct Stat stat;
	size_t length;
	char *found;
	int rc;

	if (!zookeeper_is_open(zookeeper))
		return fail(store, ZSYSTEMERROR, key);
	if (clock_ms() < zookeeper->look_ms) {
		/* The library answers the members' questions here. */
		zookeeper_work(zookeeper, NULL, 1);
		return 0;
	}
	rc = zookeeper_get(zookeeper, key, &found, &length, &stat);
	free(found);
	/* The node of an agent that has ended goes with its session. */
	if (rc == ZOK &&
	    stat.ephemeralOwner != zoo_client_id(zookeeper->zh)->client_id) {
		zookeeper_delete(zookeeper, key);
		rc = ZNONODE;
	}
	if (rc == ZNONODE) {
		make_folders(zookeeper, key);
		rc = zookeeper_create(zookeeper, key, value, ZOO_EPHEMERAL);
	}
	if (rc != ZOK)
		return fail(store, rc, key);
	zookeeper->look_ms =
	    clock_ms() + (int64_t)store->conf->lease_s * 1000 / 3;
	return 0;
}

static int
zookeeper_wait(struct store *store, const char *prefix, int64_t ms)
{
	struct zookeeper *zookeeper = store->state;
	bool changed;

	if (!zookeeper_is_open(zookeeper))
		return 1;
	zookeeper_work(zookeeper, NULL, ms);
	changed = zookeeper->changed;
	zookeeper->changed = false;
	return changed ? 1 : 0;
}

const struct engine engine_zookeeper = {
	.name = "zookeeper",
	.open = zookeeper_begin,
	.close = zookeeper_end,
	.read = zookeeper_read,
	.list = zookeeper_list,
	.commit = zookeeper_commit,
	.keep_alive = zookeeper_keep_alive,
	.wait = zookeeper_wait,
};
