/* SPDX-License-Identifier: ISC */
/*
 * The commands that show the fleet, and those that an operator changes it with.
 */
#include "fleet/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "cli/render.h"
#include "cli/tell.h"
#include "fleet/command.h"
#include "fleet/tally.h"
#include "fleet/view.h"

#define TRIES 20

int
show_tell_store(const struct fleet_arguments *a, struct store *store)
{
	enum exit_status status = STATUS_UNAVAILABLE;

	if (errno == EACCES)
		status = STATUS_NOPERM;
	if (errno == EBADMSG)
		status = STATUS_CONFIG;
	return tell(status, "%s: the store: %s", a->service, store_why(store));
}

/* STATUS */

static const struct column columns[] = {
	{ "HOST", false, FIT_KEEP },
	{ "AGENT", false, FIT_KEEP },
	{ "RELEASE", false, FIT_KEEP },
	{ "STEP", false, FIT_KEEP },
	{ "WEIGHT", true, FIT_KEEP },
	{ "SINCE", true, FIT_KEEP },
	{ "REASON", false, FIT_WRAP },
};

static enum paint
paint_of(enum step step)
{
	if (step == STEP_PROMOTED)
		return PAINT_GOOD;
	return step == STEP_FAILED || step == STEP_ABSENT ? PAINT_BAD
							  : PAINT_NONE;
}

static void
add_row(
    struct table *table, const struct view *view, const struct member_host *at)
{
	enum step step = tally_step(view, at);
	char age[RENDER_TIME];

	render_age(age, (records_now() - at->host.since) / 1000);
	table_cell(table, PAINT_NONE, "%s", at->name);
	table_cell(table, at->alive ? PAINT_NONE : PAINT_BAD, "%s",
	    at->alive ? "alive" : "away");
	table_cell(table, PAINT_NONE, "%s",
	    at->host.release[0] != '\0' ? at->host.release : "?");
	table_cell(table, paint_of(step), "%s", step_name(step));
	table_cell(table, PAINT_NONE, "%" PRId64, at->weight);
	table_cell(table, PAINT_FAINT, "%s", age);
	table_cell(table, PAINT_NONE, "%s%s",
	    at->host.serves ? "" : "serves nobody; ", at->host.reason);
}

static void
print_status(const struct fleet_arguments *a, const struct view *view)
{
	struct tally tally = tally_count(view);
	const struct rollout *rollout = &view->rollout;
	struct table *table =
	    table_new(columns, sizeof(columns) / sizeof(columns[0]));
	size_t i;

	if (rollout->n == 0)
		printf("%s: no rollout yet, %zu hosts\n", a->service,
		    view->nhosts);
	else
		printf("%s %" PRId64 ": %s %s, %s: %zu of %zu hosts promoted, "
		       "%zu at work, %zu failed, %zu absent\n",
		    a->service, rollout->n,
		    rollout->kind == KIND_ROLLBACK ? "back from" : "upgrade to",
		    rollout->release,
		    view_is_halted(view) ? "halted"
					 : fleet_state_name(rollout->state),
		    tally.by_step[STEP_PROMOTED], tally.hosts,
		    tally_at_work(&tally), tally.by_step[STEP_FAILED],
		    tally.by_step[STEP_ABSENT]);
	if (view_is_halted(view))
		printf("halted by %s: %s\n", view->halt.by, view->halt.why);
	for (i = 0; table != NULL && i < view->nhosts; i++)
		add_row(table, view, &view->hosts[i]);
	if (table != NULL)
		table_print(table, stdout, render_width(stdout),
		    render_colours(stdout));
	table_free(table);
}

static json_t *
host_json(const struct view *view, const struct member_host *at)
{
	return json_pack("{ss sb ss ss ss sI sI sb ss ss}", "host", at->name,
	    "alive", (int)at->alive, "release", at->host.release, "was",
	    at->host.was, "step", step_name(tally_step(view, at)), "weight",
	    (json_int_t)at->weight, "since_ms", (json_int_t)at->host.since,
	    "serves", (int)at->host.serves, "address", at->host.address,
	    "reason", at->host.reason);
}

static void
print_status_json(const struct fleet_arguments *a, const struct view *view)
{
	const struct rollout *rollout = &view->rollout;
	json_t *hosts = json_array(), *status;
	size_t i;

	for (i = 0; i < view->nhosts; i++)
		json_array_append_new(hosts, host_json(view, &view->hosts[i]));
	status = json_pack("{ss s{sI sI ss ss ss ss} s{sb ss ss} so}", "name",
	    a->service, "rollout", "n", (json_int_t)rollout->n, "attempt",
	    (json_int_t)rollout->attempt, "kind",
	    rollout->kind == KIND_ROLLBACK ? "rollback" : "upgrade", "release",
	    rollout->release, "state", fleet_state_name(rollout->state), "by",
	    rollout->by, "halt", "set", (int)view_is_halted(view), "by",
	    view->halt.by, "why", view->halt.why, "hosts", hosts);
	json_dumpf(status, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(status);
}

int
fleet_status(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	struct view view;
	int status = STATUS_OK;

	if (view_read(&view, store) == -1)
		status = show_tell_store(a, store);
	else if (a->json)
		print_status_json(a, &view);
	else
		print_status(a, &view);
	view_fini(&view);
	return status;
}

/* HISTORY */

static int
by_number(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	long l = strtol(left->key + strlen("history/"), NULL, 10);
	long r = strtol(right->key + strlen("history/"), NULL, 10);

	return (l > r) - (l < r);
}

static void
print_outcome(const json_t *outcome)
{
	const char *result, *release, *reason, *ended, *by, *kind;
	json_int_t n, promoted, hosts;

	if (json_unpack((json_t *)outcome, "{sI ss ss ss ss ss ss sI sI}", "n",
		&n, "result", &result, "kind", &kind, "release", &release,
		"reason", &reason, "by", &by, "ended", &ended, "promoted",
		&promoted, "hosts", &hosts) == -1)
		return;
	printf("%4" JSON_INTEGER_FORMAT
	       "  %s  %-9s %s%-16s %" JSON_INTEGER_FORMAT
	       " of %" JSON_INTEGER_FORMAT "%s%s%s%s\n",
	    n, ended, result, strcmp(kind, "rollback") == 0 ? "back from " : "",
	    release, promoted, hosts, reason[0] != '\0' ? "  " : "", by,
	    reason[0] != '\0' ? ": " : "", reason);
}

int
fleet_history(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	struct entries entries;
	json_t *list = json_array(), *outcome;
	size_t i;

	if (store_list(store, "history/", &entries) == -1) {
		json_decref(list);
		return show_tell_store(a, store);
	}
	if (entries.n > 0)
		qsort(
		    entries.list, entries.n, sizeof(*entries.list), by_number);
	for (i = 0; i < entries.n; i++) {
		outcome = json_loads(entries.list[i].value, 0, NULL);
		if (outcome != NULL && !a->json)
			print_outcome(outcome);
		json_array_append_new(list, outcome);
	}
	entries_fini(&entries);
	if (a->json) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(list);
	return STATUS_OK;
}

/* CHANGES BY HAND */

/* Put or delete one key, whatever it has.  value NULL: delete. */
static enum committed
overwrite(struct store *store, const char *key, const char *value)
{
	struct change change = { value != NULL ? CHANGE_PUT : CHANGE_DELETE,
		key, 0, value, 0 };
	enum committed committed = CONFLICT;
	struct entry entry;
	int i;

	for (i = 0; i < TRIES && committed != COMMITTED && committed != DENIED;
	     i++) {
		if (store_read(store, key, &entry) == -1)
			return errno == EACCES ? DENIED : CONFLICT;
		change.version = entry.version;
		if (value == NULL && entry.version == 0)
			committed = COMMITTED;
		else
			committed = store_commit(store, &change, 1);
		entry_fini(&entry);
	}
	return committed;
}

static int
tell_overwritten(const struct fleet_arguments *a, struct store *store,
    enum committed committed, const char *what)
{
	if (committed == COMMITTED)
		return tell(STATUS_OK, "%s: %s", a->service, what);
	errno = committed == DENIED ? EACCES : EHOSTUNREACH;
	return show_tell_store(a, store);
}

/* An agent that lives would register its host again. */
static int
refuse_living(const struct fleet_arguments *a, struct store *store)
{
	char key[NAMES_MAX + 16];
	struct entry entry;
	bool lives;

	snprintf(key, sizeof(key), "alive/%s", a->operands[0]);
	if (store_read(store, key, &entry) == -1)
		return show_tell_store(a, store);
	lives = entry.version != 0;
	entry_fini(&entry);
	if (!lives)
		return STATUS_OK;
	return tell(STATUS_REFUSED,
	    "%s: the agent of %s lives, or ended less than its lease ago: "
	    "end it first, and wait until `hotswap fleet status %s` shows it "
	    "as away",
	    a->service, a->operands[0], a->service);
}

/* Is there such a host?  An exit status, after telling. */
static int
find_host(const struct fleet_arguments *a, struct store *store)
{
	const char *host = a->operands[0];
	struct entry entry;
	bool exists;

	if (!names_is_valid(host))
		return tell(STATUS_USAGE,
		    "fleet %s: \"%s\" is no name of a host", a->command->name,
		    host);
	if (store_read(store, view_host_key(host), &entry) == -1)
		return show_tell_store(a, store);
	exists = entry.version != 0;
	entry_fini(&entry);
	if (exists)
		return STATUS_OK;
	return tell(STATUS_REFUSED,
	    "%s: no host %s is registered (hotswap fleet status %s shows them)",
	    a->service, host, a->service);
}

int
fleet_forget(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	static const char *const folders[] = { "hosts", "weights", "alive" };
	enum committed committed = COMMITTED;
	char key[NAMES_MAX + 16], what[NAMES_MAX + 64];
	int status = find_host(a, store);
	size_t i;

	if (status == STATUS_OK)
		status = refuse_living(a, store);
	if (status != STATUS_OK)
		return status;
	for (i = 0; i < 3 && committed == COMMITTED; i++) {
		snprintf(key, sizeof(key), "%s/%s", folders[i], a->operands[0]);
		committed = overwrite(store, key, NULL);
	}
	snprintf(what, sizeof(what), "%s is forgotten, with its slot",
	    a->operands[0]);
	return tell_overwritten(a, store, committed, what);
}

int
fleet_weight(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	char key[NAMES_MAX + 16], text[8], what[NAMES_MAX + 64], *end;
	long weight = strtol(a->operands[1], &end, 10);
	int status;

	if (end == a->operands[1] || *end != '\0' || weight < 0 || weight > 100)
		return tell(STATUS_USAGE,
		    "fleet weight: \"%s\": a weight is a number from 0 to 100",
		    a->operands[1]);
	if ((status = find_host(a, store)) != STATUS_OK)
		return status;
	snprintf(key, sizeof(key), "weights/%s", a->operands[0]);
	snprintf(text, sizeof(text), "%ld", weight);
	snprintf(what, sizeof(what), "%s has the weight %ld", a->operands[0],
	    weight);
	return tell_overwritten(a, store, overwrite(store, key, text), what);
}
