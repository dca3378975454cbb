/* SPDX-License-Identifier: ISC */
/*
 * All that the store has of a service's fleet, read at once.
 */
#ifndef FLEET_VIEW_H
#define FLEET_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/records.h"
#include "fleet/store.h"

#define VIEW_WEIGHT 100 /* without a weight of its own */

struct member_host {
	char name[NAMES_MAX + 1];
	struct host host;
	int64_t version;
	bool alive;
	int64_t weight;
	int64_t weight_version; /* 0: it has none of its own */
};

/* A version of 0: there is no such key. */
struct view {
	struct rollout rollout;
	int64_t rollout_version;
	struct halt halt;
	int64_t halt_version;
	json_t *running; /* names of hosts; owned */
	int64_t running_version;
	struct member_host *hosts; /* by name; owned */
	size_t nhosts;
};

/*
 * Read all, or what one host needs: rollout, halt and that host.  -1 with
 * errno, and why with store_why: EBADMSG if a value was not written by hotswap.
 * Release with view_fini, also after -1.
 */
int view_read(struct view *, struct store *);
int view_read_host(struct view *, struct store *, const char *name);
void view_fini(struct view *);

/* The host; NULL if there is none. */
struct member_host *view_find(const struct view *, const char *name);

/* Is the rollout halted? */
bool view_is_halted(const struct view *);

/* The host's key, static until the next call. */
const char *view_host_key(const char *name);

#endif
