/* SPDX-License-Identifier: ISC */
/*
 * What an engine provides for fleet/store.h, whose comments say what each
 * function does; keys are whole here.
 */
#ifndef FLEET_ENGINE_H
#define FLEET_ENGINE_H

#include "fleet/entries.h"

struct conf;
struct store;

#define STORE_WHY 512

struct engine {
	const char *name;
	int (*open)(struct store *); /* -1 with why */
	void (*close)(struct store *);
	int (*read)(struct store *, const char *key, struct entry *);
	int (*list)(struct store *, const char *prefix, struct entries *);
	enum committed (*commit)(struct store *, struct change *, size_t n);
	int (*keep_alive)(struct store *, const char *key, const char *value);
	int (*wait)(struct store *, const char *prefix, int64_t ms);
};

struct store {
	const struct engine *engine;
	const struct conf *conf;
	char root[128]; /* /hotswap/SERVICE/ */
	void *state;	/* the engine's */
	char why[STORE_WHY];
};

/* Set why.  Returns -1, for the caller to return. */
int engine_fail(struct store *, int error, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

extern const struct engine engine_etcd, engine_zookeeper;

#endif
