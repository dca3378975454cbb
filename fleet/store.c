/* SPDX-License-Identifier: ISC */
/*
 * Chooses the engine, and puts the service's folder before the keys.
 */
#include "fleet/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/conf.h"
#include "fleet/engine.h"
#include "settings.h"

#define CHANGES_MAX 8

static const struct engine *const engines[] = {
	&engine_etcd,
#ifdef HOTSWAP_ZOOKEEPER
	&engine_zookeeper,
#endif
};

struct store *
store_open(const struct conf *conf, const char *service, char *why, size_t size)
{
	struct store *store = calloc(1, sizeof(*store));
	size_t i;

	if (store == NULL) {
		snprintf(why, size, "%s", strerror(errno));
		return NULL;
	}
	store->conf = conf;
	snprintf(store->root, sizeof(store->root), "/hotswap/%s/", service);
	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i]->name, conf->engine) == 0)
			store->engine = engines[i];
	if (store->engine == NULL) {
		snprintf(why, size, "engine \"%s\" is not known to this build",
		    conf->engine);
		free(store);
		return NULL;
	}
	if (store->engine->open(store) == 0)
		return store;
	snprintf(why, size, "%s", store->why);
	store_close(store);
	return NULL;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	store->engine->close(store);
	free(store);
}

static const char *
whole(const struct store *store, const char *key, char buf[static 512])
{
	snprintf(buf, 512, "%s%s", store->root, key);
	return buf;
}

/* Of the whole key the part below the service's folder stays. */
static void
shorten(const struct store *store, struct entry *entry)
{
	size_t n = strlen(store->root);

	if (strncmp(entry->key, store->root, n) == 0)
		memmove(entry->key, entry->key + n, strlen(entry->key + n) + 1);
}

int
store_read(struct store *store, const char *key, struct entry *entry)
{
	char buf[512];

	memset(entry, 0, sizeof(*entry));
	if (store->engine->read(store, whole(store, key, buf), entry) == -1)
		return -1;
	if (entry->key == NULL && (entry->key = strdup(buf)) == NULL)
		return engine_fail(store, ENOMEM, "%s", strerror(ENOMEM));
	shorten(store, entry);
	return 0;
}

int
store_list(struct store *store, const char *prefix, struct entries *entries)
{
	char buf[512];
	size_t i;

	memset(entries, 0, sizeof(*entries));
	if (store->engine->list(store, whole(store, prefix, buf), entries) ==
	    -1) {
		entries_fini(entries);
		return -1;
	}
	for (i = 0; i < entries->n; i++)
		shorten(store, &entries->list[i]);
	return 0;
}

enum committed
store_commit(struct store *store, struct change *changes, size_t n)
{
	struct change copies[CHANGES_MAX];
	char keys[CHANGES_MAX][512];
	enum committed committed;
	size_t i;

	for (i = 0; i < n && i < CHANGES_MAX; i++) {
		copies[i] = changes[i];
		copies[i].key = whole(store, changes[i].key, keys[i]);
	}
	committed = store->engine->commit(store, copies, i);
	while (i-- > 0)
		changes[i].written = copies[i].written;
	return committed;
}

int
store_keep_alive(struct store *store, const char *key, const char *value)
{
	char buf[512];

	return store->engine->keep_alive(store, whole(store, key, buf), value);
}

int
store_wait(struct store *store, const char *prefix, int64_t ms)
{
	char buf[512];

	return store->engine->wait(store, whole(store, prefix, buf), ms);
}

const char *
store_why(const struct store *store)
{
	return store->why;
}
