/* SPDX-License-Identifier: ISC */
#include "fleet/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/engine.h"

/* What one key tells of a host; merge_hosts makes one of all that is told. */
static struct member_host *
add_host(struct view *view, const char *name)
{
	struct member_host *host, *hosts;

	hosts =
	    reallocarray(view->hosts, view->nhosts + 1, sizeof(*view->hosts));
	if (hosts == NULL)
		return NULL;
	view->hosts = hosts;
	host = &hosts[view->nhosts++];
	memset(host, 0, sizeof(*host));
	strlcpy(host->name, name, sizeof(host->name));
	return host;
}

static int
take_rollout(struct view *view, const char *name, const struct entry *entry)
{
	view->rollout_version = entry->version;
	return rollout_parse(&view->rollout, entry->value);
}

static int
take_halt(struct view *view, const char *name, const struct entry *entry)
{
	view->halt_version = entry->version;
	return halt_parse(&view->halt, entry->value);
}

static int
take_running(struct view *view, const char *name, const struct entry *entry)
{
	const json_t *host;
	size_t i;

	view->running_version = entry->version;
	view->running = json_loads(entry->value, 0, NULL);
	json_array_foreach (view->running, i, host)
		if (!json_is_string(host))
			return -1;
	return json_is_array(view->running) ? 0 : -1;
}

static int
take_host(struct view *view, const char *name, const struct entry *entry)
{
	struct member_host *host = add_host(view, name);

	if (host == NULL)
		return -1;
	host->version = entry->version;
	return host_parse(&host->host, entry->value);
}

static int
take_alive(struct view *view, const char *name, const struct entry *entry)
{
	struct member_host *host = add_host(view, name);

	if (host != NULL)
		host->alive = true;
	return host != NULL ? 0 : -1;
}

static int
take_weight(struct view *view, const char *name, const struct entry *entry)
{
	struct member_host *host = add_host(view, name);
	char *end;

	if (host == NULL)
		return -1;
	host->weight_version = entry->version;
	host->weight = strtol(entry->value, &end, 10);
	return end != entry->value && *end == '\0' && host->weight >= 0 &&
		host->weight <= 100
	    ? 0
	    : -1;
}

/* A key ends with a slash where a host's name follows. */
static const struct {
	const char *key;
	int (*take)(struct view *, const char *name, const struct entry *);
} keys[] = {
	{ "rollout", take_rollout },
	{ "halt", take_halt },
	{ "running", take_running },
	{ "hosts/", take_host },
	{ "alive/", take_alive },
	{ "weights/", take_weight },
};

static int
take(struct view *view, struct store *store, const struct entry *entry)
{
	size_t i, n;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		n = strlen(keys[i].key);
		if (strncmp(entry->key, keys[i].key, n) != 0 ||
		    (keys[i].key[n - 1] != '/' && entry->key[n] != '\0'))
			continue;
		if ((keys[i].key[n - 1] != '/' ||
			names_is_valid(entry->key + n)) &&
		    keys[i].take(view, entry->key + n, entry) == 0)
			return 0;
		return engine_fail(store, EBADMSG,
		    "the key %s%s has a value that hotswap did not write, or "
		    "another build of it; `hotswap fleet forget` removes a "
		    "host's keys",
		    store->root, entry->key);
	}
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct member_host *)a)->name,
	    ((const struct member_host *)b)->name);
}

static void
merge(struct member_host *host, const struct member_host *other)
{
	if (other->version != 0) {
		host->host = other->host;
		host->version = other->version;
	}
	host->alive |= other->alive;
	if (other->weight_version != 0) {
		host->weight = other->weight;
		host->weight_version = other->weight_version;
	}
}

/* Keys of a host that is not registered, or was forgotten, say nothing. */
static void
merge_hosts(struct view *view)
{
	struct member_host *hosts = view->hosts;
	size_t i, n = 0;

	if (view->nhosts > 0)
		qsort(hosts, view->nhosts, sizeof(*hosts), by_name);
	for (i = 0; i < view->nhosts; i++) {
		if (n > 0 && by_name(&hosts[n - 1], &hosts[i]) == 0)
			merge(&hosts[n - 1], &hosts[i]);
		else if (n > 0 && hosts[n - 1].version == 0)
			hosts[n - 1] = hosts[i];
		else
			hosts[n++] = hosts[i];
	}
	if (n > 0 && hosts[n - 1].version == 0)
		n--;
	for (i = 0; i < n; i++)
		if (hosts[i].weight_version == 0)
			hosts[i].weight = VIEW_WEIGHT;
	view->nhosts = n;
}

int
view_read(struct view *view, struct store *store)
{
	struct entries entries;
	size_t i;
	int r = 0;

	memset(view, 0, sizeof(*view));
	if (store_list(store, "", &entries) == -1)
		return -1;
	for (i = 0; r == 0 && i < entries.n; i++)
		r = take(view, store, &entries.list[i]);
	entries_fini(&entries);
	merge_hosts(view);
	return r;
}

static int
read_one(struct view *view, struct store *store, const char *key)
{
	struct entry entry;
	int r;

	if (store_read(store, key, &entry) == -1)
		return -1;
	r = entry.version != 0 ? take(view, store, &entry) : 0;
	entry_fini(&entry);
	return r;
}

int
view_read_host(struct view *view, struct store *store, const char *name)
{
	memset(view, 0, sizeof(*view));
	if (read_one(view, store, "rollout") == -1 ||
	    read_one(view, store, "halt") == -1)
		return -1;
	if (read_one(view, store, view_host_key(name)) == -1)
		return -1;
	merge_hosts(view);
	return 0;
}

void
view_fini(struct view *view)
{
	halt_fini(&view->halt);
	json_decref(view->running);
	view->running = NULL;
	free(view->hosts);
	view->hosts = NULL;
	view->nhosts = 0;
}

struct member_host *
view_find(const struct view *view, const char *name)
{
	struct member_host key;

	strlcpy(key.name, name, sizeof(key.name));
	return view->nhosts > 0
	    ? bsearch(&key, view->hosts, view->nhosts, sizeof(key), by_name)
	    : NULL;
}

bool
view_is_halted(const struct view *view)
{
	return view->halt.n == view->rollout.n && view->halt.set;
}

const char *
view_host_key(const char *name)
{
	static char key[NAMES_MAX + 16];

	snprintf(key, sizeof(key), "hosts/%s", name);
	return key;
}
