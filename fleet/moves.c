/* SPDX-License-Identifier: ISC */
#include "fleet/moves.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fleet/tally.h"

#define CHANGES	     6
#define HISTORY_KEPT 100

/* The parts of a commit; values are owned. */
struct move {
	struct change changes[CHANGES];
	char keys[CHANGES][NAMES_MAX + 32];
	char *values[CHANGES];
	size_t n;
};

static void
add(struct move *move, enum change_kind kind, const char *key, int64_t version,
    char *value)
{
	size_t n = move->n++;

	strlcpy(move->keys[n], key, sizeof(move->keys[n]));
	move->values[n] = value;
	move->changes[n] = (struct change){ .kind = kind,
		.key = move->keys[n],
		.version = version,
		.value = value };
}

static void
check(struct move *move, const char *key, int64_t version)
{
	add(move, CHANGE_CHECK, key, version, NULL);
}

/* *Steals* value. */
static void
put(struct move *move, const char *key, int64_t version, char *value)
{
	add(move, CHANGE_PUT, key, version, value);
}

static void
put_host(
    struct move *move, const struct member_host *at, const struct host *host)
{
	put(move, view_host_key(at->name), at->version, host_format(host));
}

static enum committed
commit(struct move *move, struct store *store)
{
	enum committed committed = store_commit(store, move->changes, move->n);
	size_t i;

	for (i = 0; i < move->n; i++)
		free(move->values[i]);
	return committed;
}

static char *
no_halt(int64_t n)
{
	struct halt halt = { .n = n };

	return halt_format(&halt);
}

enum committed
move_begin(
    struct store *store, const struct view *view, const struct rollout *rollout)
{
	struct move move = { 0 };

	put(&move, "rollout", view->rollout_version, rollout_format(rollout));
	put(&move, "halt", view->halt_version, no_halt(rollout->n));
	put(&move, "running", view->running_version, strdup("[]"));
	return commit(&move, store);
}

enum committed
move_resume(struct store *store, const struct view *view, const char *by)
{
	struct rollout rollout = view->rollout;
	struct move move = { 0 };

	rollout.attempt++;
	rollout.state = FLEET_RUNNING;
	strlcpy(rollout.by, by, sizeof(rollout.by));
	put(&move, "rollout", view->rollout_version, rollout_format(&rollout));
	put(&move, "halt", view->halt_version, no_halt(rollout.n));
	put(&move, "running", view->running_version, strdup("[]"));
	return commit(&move, store);
}

/* The hosts with a slot: those that have not ended, with or without this one.
 */
static char *
running_now(const struct view *view, const char *name, bool with)
{
	json_t *list = json_array();
	const struct member_host *at;
	const json_t *one;
	char *text;
	size_t i;

	json_array_foreach (view->running, i, one) {
		at = view_find(view, json_string_value(one));
		if (at != NULL && strcmp(at->name, name) != 0 &&
		    tally_step(view, at) < STEP_PROMOTED)
			json_array_append_new(list, json_string(at->name));
	}
	if (with)
		json_array_append_new(list, json_string(name));
	text = memory_text(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

enum committed
move_grant(struct store *store, struct view *view, struct member_host *at)
{
	struct host host = at->host;
	struct move move = { 0 };
	enum committed committed;
	json_t *running;
	char *list = running_now(view, at->name, true);

	host.n = view->rollout.n;
	host.attempt = view->rollout.attempt;
	host.step = STEP_GRANTED;
	host.back = view->rollout.kind == KIND_ROLLBACK;
	strlcpy(host.target, host.back ? host.was : view->rollout.release,
	    sizeof(host.target));
	host.reason[0] = '\0';
	running = json_loads(list, 0, NULL);
	put(&move, "running", view->running_version, list);
	put_host(&move, at, &host);
	check(&move, "rollout", view->rollout_version);
	check(&move, "halt", view->halt_version);
	committed = commit(&move, store);
	if (committed != COMMITTED) {
		json_decref(running);
		return committed;
	}
	json_decref(view->running);
	view->running = running;
	view->running_version = move.changes[0].written;
	at->host = host;
	at->version = move.changes[1].written;
	return committed;
}

enum committed
move_withdraw(struct store *store, const struct view *view,
    const struct member_host *at, enum step step, const char *reason)
{
	struct host host = at->host;
	struct move move = { 0 };

	host.n = view->rollout.n;
	host.attempt = view->rollout.attempt;
	host.step = step;
	strlcpy(host.reason, reason, sizeof(host.reason));
	check(&move, "rollout", view->rollout_version);
	/* After a halt no outcome must find a host otherwise than it was read.
	 */
	check(&move, "halt", view->halt_version);
	put(&move, "running", view->running_version,
	    running_now(view, at->name, false));
	put_host(&move, at, &host);
	return commit(&move, store);
}

enum committed
move_claim(
    struct store *store, const struct view *view, const struct member_host *at)
{
	struct host host = at->host;
	struct move move = { 0 };

	host.step = STEP_CLAIMED;
	host.since = records_now();
	check(&move, "rollout", view->rollout_version);
	check(&move, "halt", view->halt_version);
	put_host(&move, at, &host);
	return commit(&move, store);
}

/* The halt with one failure more. */
static char *
count_failure(
    const struct view *view, const char *name, const struct host *host)
{
	struct halt halt = view->halt;
	char *text;

	halt.n = view->rollout.n;
	halt.failed = halt.failed != NULL && view->halt.n == halt.n
	    ? json_deep_copy(halt.failed)
	    : json_array();
	json_array_append_new(halt.failed, json_string(name));
	if (!halt.set &&
	    (int64_t)json_array_size(halt.failed) > view->rollout.failures) {
		halt.set = true;
		strlcpy(halt.by, name, sizeof(halt.by));
		strlcpy(halt.why, host->reason, sizeof(halt.why));
	}
	text = halt_format(&halt);
	json_decref(halt.failed);
	return text;
}

enum committed
move_report(struct store *store, const struct view *view,
    const struct member_host *at, const struct host *host)
{
	struct move move = { 0 };

	put_host(&move, at, host);
	/* A failure of a rollout that is over halts no other one. */
	if (host->step == STEP_FAILED && host->n == view->rollout.n) {
		check(&move, "rollout", view->rollout_version);
		put(&move, "halt", view->halt_version,
		    count_failure(view, at->name, host));
	}
	return commit(&move, store);
}

enum committed
move_halt(struct store *store, const struct view *view, const char *by,
    const char *why)
{
	struct halt halt = view->halt;
	struct move move = { 0 };

	halt.n = view->rollout.n;
	halt.set = true;
	strlcpy(halt.by, by, sizeof(halt.by));
	strlcpy(halt.why, why, sizeof(halt.why));
	check(&move, "rollout", view->rollout_version);
	put(&move, "halt", view->halt_version, halt_format(&halt));
	return commit(&move, store);
}

/* Put the value at a key of which the version is not known yet. */
static int
put_anew(struct move *move, struct store *store, const char *key, char *value)
{
	struct entry entry;

	if (store_read(store, key, &entry) == -1) {
		free(value);
		return -1;
	}
	put(move, key, entry.version, value);
	entry_fini(&entry);
	return 0;
}

/* One outcome less, so that the history does not grow for ever. */
static int
drop_oldest(struct move *move, struct store *store, int64_t n)
{
	struct entry entry;
	char key[32];

	if (n <= 0)
		return 0;
	snprintf(key, sizeof(key), "history/%" PRId64, n);
	if (store_read(store, key, &entry) == -1)
		return -1;
	if (entry.version != 0)
		add(move, CHANGE_DELETE, key, entry.version, NULL);
	entry_fini(&entry);
	return 0;
}

enum committed
move_end(struct store *store, const struct view *view, enum fleet_state state,
    const json_t *outcome)
{
	struct rollout rollout = view->rollout;
	struct move move = { 0 };
	char key[32];

	rollout.state = state;
	snprintf(key, sizeof(key), "history/%" PRId64, rollout.n);
	if (put_anew(&move, store, key, memory_text(outcome, JSON_COMPACT)) ==
		-1 ||
	    drop_oldest(&move, store, rollout.n - HISTORY_KEPT) == -1) {
		free(move.values[0]);
		return CONFLICT;
	}
	put(&move, "rollout", view->rollout_version, rollout_format(&rollout));
	check(&move, "halt", view->halt_version);
	return commit(&move, store);
}
