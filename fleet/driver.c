/* SPDX-License-Identifier: ISC */
/*
 * A loop without memory: read all, make the first move that is due, read again.
 * Only how long a host has been away is remembered, by our own clock.
 */
#include "fleet/driver.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/status.h"
#include "cli/tell.h"
#include "cli/waiting.h"
#include "fleet/moves.h"
#include "fleet/progress.h"
#include "fleet/tally.h"
#include "fleet/view.h"

#define READ_MS	    10000 /* the latest time until all is read again */
#define PATIENCE_MS 60000 /* with a store that does not answer */
#define RETRY_MS    500

enum driven {
	DRIVEN_MOVED,  /* read again at once */
	DRIVEN_WAITS,  /* until something changes, or wait_ms */
	DRIVEN_ENDED,  /* the outcome is in the history */
	DRIVEN_OTHERS, /* another rollout has taken its place */
	DRIVEN_DENIED,
};

struct drive {
	struct store *store;
	const struct driver_options *options;
	int64_t n;
	struct progress progress;
	json_t *away;	 /* since when hosts are, by clock_ms; by name */
	int64_t wait_ms; /* until a move is due without a change */
	char by[RECORDS_TEXT];
};

static enum driven
moved(enum committed committed)
{
	return committed == DENIED ? DRIVEN_DENIED : DRIVEN_MOVED;
}

/* HOSTS THAT DO NOT ANSWER */

/* Has the host been away for so long that it counts as lost? */
static bool
is_lost(
    struct drive *drive, const struct view *view, const struct member_host *at)
{
	json_t *since = json_object_get(drive->away, at->name);
	int64_t left;

	if (at->alive) {
		json_object_del(drive->away, at->name);
		return false;
	}
	if (since == NULL) {
		since = json_integer(clock_ms());
		json_object_set_new(drive->away, at->name, since);
	}
	left = json_integer_value(since) + view->rollout.lost_ms - clock_ms();
	if (left > 0)
		drive->wait_ms = MIN(drive->wait_ms, left);
	return left <= 0;
}

/* One move about a host that is lost; DRIVEN_WAITS: there is none. */
static enum driven
look_for_lost(struct drive *drive, const struct view *view)
{
	const struct member_host *at;
	char why[RECORDS_TEXT];
	enum step step;
	size_t i;

	for (i = 0; i < view->nhosts; i++) {
		at = &view->hosts[i];
		step = tally_step(view, at);
		if (!tally_takes_part(view, at) || step >= STEP_PROMOTED ||
		    !is_lost(drive, view, at))
			continue;
		if (step != STEP_CLAIMED)
			return moved(move_withdraw(drive->store, view, at,
			    STEP_ABSENT, "its agent does not answer"));
		if (view_is_halted(view))
			continue;
		snprintf(why, sizeof(why),
		    "%s has begun, and its agent does not answer since then",
		    at->name);
		return moved(move_halt(drive->store, view, drive->by, why));
	}
	return DRIVEN_WAITS;
}

/* THE END */

/* What the rollout has come to. */
struct ending {
	const char *result;
	enum exit_status status;
	enum fleet_state state; /* FLEET_HALTED: it can be resumed */
};

static struct ending
judge(const struct view *view, const struct tally *tally)
{
	const struct rollout *rollout = &view->rollout;

	if (view_is_halted(view))
		return (struct ending){ "halted", STATUS_FAILED, FLEET_HALTED };
	/* A rollback goes on after a failure, which is one all the same. */
	if (rollout->kind == KIND_ROLLBACK && tally->by_step[STEP_FAILED] > 0)
		return (struct ending){ "failed", STATUS_FAILED, FLEET_HALTED };
	if ((int64_t)tally->by_step[STEP_ABSENT] > rollout->absent)
		return (
		    struct ending){ "absent", STATUS_TIMEOUT, FLEET_HALTED };
	return (struct ending){ "promoted", STATUS_OK, FLEET_DONE };
}

static enum driven
end(struct drive *drive, const struct view *view, const struct tally *tally)
{
	struct ending ending = judge(view, tally);
	json_t *outcome =
	    tally_outcome(view, ending.result, (int)ending.status);
	enum committed committed =
	    move_end(drive->store, view, ending.state, outcome);

	json_decref(outcome);
	return moved(committed);
}

/* Nothing more begins; who has begun ends. */
static enum driven
wind_up(struct drive *drive, const struct view *view, const struct tally *tally)
{
	size_t i, waiting = 0;

	for (i = 0; i < view->nhosts; i++) {
		if (!tally_takes_part(view, &view->hosts[i]))
			continue;
		if (tally_step(view, &view->hosts[i]) == STEP_GRANTED)
			return moved(move_withdraw(drive->store, view,
			    &view->hosts[i], STEP_NOT_BEGUN, "halted"));
		waiting += tally_step(view, &view->hosts[i]) == STEP_CLAIMED &&
		    !is_lost(drive, view, &view->hosts[i]);
	}
	return waiting == 0 ? end(drive, view, tally) : DRIVEN_WAITS;
}

/* GRANTS */

/* How many slots are free now. */
static int64_t
free_slots(
    struct drive *drive, const struct view *view, const struct tally *tally)
{
	const struct rollout *rollout = &view->rollout;
	int64_t ended = (int64_t)tally_ended(tally);
	int64_t at_work = (int64_t)tally_at_work(tally);
	int64_t soaked = tally->last_ms + rollout->soak_ms;
	int64_t left;

	if (ended < rollout->first)
		return rollout->first - ended - at_work;
	/* The first ones are looked at for a while; then there is no wait. */
	if (rollout->first > 0 && rollout->soak_ms > 0 &&
	    ended + at_work <= rollout->first) {
		left = MIN(soaked - records_now(), rollout->soak_ms);
		if (left > 0) {
			drive->wait_ms = MIN(drive->wait_ms, left);
			return 0;
		}
	}
	return rollout_width(rollout, tally->hosts) - at_work;
}

/* Grant what is free to hosts that are there. */
static enum driven
grant(struct drive *drive, struct view *view, const struct tally *tally)
{
	int64_t slots = free_slots(drive, view, tally);
	enum driven driven = DRIVEN_WAITS;
	enum committed committed;
	struct member_host *at;
	size_t i;

	for (i = 0; i < view->nhosts && slots > 0; i++) {
		at = &view->hosts[i];
		if (!at->alive || !tally_takes_part(view, at) ||
		    tally_step(view, at) != STEP_IDLE)
			continue;
		committed = move_grant(drive->store, view, at);
		driven = moved(committed);
		if (committed != COMMITTED)
			break;
		slots--;
	}
	return driven;
}

/* The first move that is due. */
static enum driven
move(struct drive *drive, struct view *view)
{
	struct tally tally = tally_count(view);
	enum driven driven;

	drive->wait_ms = READ_MS;
	if (view->rollout.n != drive->n)
		return DRIVEN_OTHERS;
	if (view->rollout.state != FLEET_RUNNING)
		return DRIVEN_ENDED;
	if (view_is_halted(view))
		return wind_up(drive, view, &tally);
	driven = look_for_lost(drive, view);
	if (driven != DRIVEN_WAITS)
		return driven;
	if (tally_ended(&tally) == tally.hosts)
		return end(drive, view, &tally);
	return grant(drive, view, &tally);
}

/* THE LOOP */

static json_int_t
number(const json_t *outcome, const char *key)
{
	return json_integer_value(json_object_get(outcome, key));
}

static const char *
text(const json_t *outcome, const char *key)
{
	const char *value = json_string_value(json_object_get(outcome, key));

	return value != NULL ? value : "";
}

/* Absent hosts may come back; failed ones were told when they failed. */
static void
tell_absent(const struct driver_options *options, const json_t *outcome)
{
	const json_t *host;
	size_t i;

	json_array_foreach (json_object_get(outcome, "absent"), i, host)
		tell(STATUS_OK,
		    "%s: %s is absent: %s; `hotswap fleet resume %s` tries it "
		    "again, `hotswap fleet forget %s %s` removes it for good",
		    options->service, text(host, "host"), text(host, "reason"),
		    options->service, options->service, text(host, "host"));
}

int
driver_tell(const struct driver_options *options, const json_t *outcome)
{
	enum exit_status status = (enum exit_status)number(outcome, "status");
	size_t failed = json_array_size(json_object_get(outcome, "failed"));
	size_t absent = json_array_size(json_object_get(outcome, "absent"));

	if (options->json) {
		json_dumpf(outcome, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	tell_absent(options, outcome);
	return tell(status,
	    "%s %" JSON_INTEGER_FORMAT ": %s%s %s: %" JSON_INTEGER_FORMAT
	    " of %" JSON_INTEGER_FORMAT " hosts promoted, %zu failed, %zu "
	    "absent, %" JSON_INTEGER_FORMAT " untouched",
	    options->service, number(outcome, "n"),
	    strcmp(text(outcome, "kind"), "rollback") == 0 ? "back from " : "",
	    text(outcome, "release"), text(outcome, "result"),
	    number(outcome, "promoted"), number(outcome, "hosts"), failed,
	    absent, number(outcome, "untouched"));
}

static int
tell_ended(struct drive *drive)
{
	struct entry entry;
	char key[32];
	json_t *outcome;
	int status;

	snprintf(key, sizeof(key), "history/%" PRId64, drive->n);
	if (store_read(drive->store, key, &entry) == -1)
		return tell(STATUS_UNAVAILABLE, "%s: the store: %s",
		    drive->options->service, store_why(drive->store));
	outcome = entry.value != NULL ? json_loads(entry.value, 0, NULL) : NULL;
	entry_fini(&entry);
	if (!json_is_integer(json_object_get(outcome, "status"))) {
		json_decref(outcome);
		return tell(STATUS_SOFTWARE,
		    "%s: rollout %" PRId64 " has ended, but its outcome is not "
		    "in the store's key %s",
		    drive->options->service, drive->n, key);
	}
	status = driver_tell(drive->options, outcome);
	json_decref(outcome);
	return status;
}

static int
tell_left(struct drive *drive, const char *what, enum exit_status status)
{
	const char *service = drive->options->service;

	return tell(status,
	    "%s: rollout %" PRId64 ": %s; hosts that have begun go on, no "
	    "other one begins; `hotswap fleet resume %s` goes on with it, "
	    "`hotswap fleet stop %s` ends it",
	    service, drive->n, what, service, service);
}

/* False if the time for waiting is over. */
static bool
bear_silence(struct drive *drive, int64_t *since)
{
	const char *service = drive->options->service;

	if (*since == 0) {
		*since = clock_ms();
		progress_clear(&drive->progress);
		tell(STATUS_OK,
		    "%s: the store does not answer: %s; no host begins "
		    "meanwhile, all services serve",
		    service, store_why(drive->store));
	}
	return clock_ms() - *since < PATIENCE_MS &&
	    waiting_for(-1, clock_ms() + RETRY_MS) == WAITED_DEADLINE;
}

/* Wait for a change; on a terminal the time goes on meanwhile.  False: Ctrl-C.
 */
static bool
wait_for_change(struct drive *drive, const struct view *view, int64_t deadline)
{
	int64_t end = MIN(clock_ms() + drive->wait_ms, deadline), left;

	while ((left = end - clock_ms()) > 0) {
		if (store_wait(drive->store, "", MIN(left, PROGRESS_TICK_MS)) ==
		    1)
			break;
		progress_draw(&drive->progress, view);
		if (waiting_for(-1, clock_ms()) == WAITED_INTERRUPT)
			return false;
	}
	/* What many hosts do at once is read once. */
	return waiting_for(-1, clock_ms() + (int64_t)view->nhosts / 10) !=
	    WAITED_INTERRUPT;
}

static int
drive_on(struct drive *drive, int64_t deadline)
{
	enum driven driven = DRIVEN_MOVED;
	int64_t silent = 0;
	struct view view;
	bool goes_on = true;

	while (driven == DRIVEN_MOVED || driven == DRIVEN_WAITS) {
		if (view_read(&view, drive->store) == -1) {
			view_fini(&view);
			if (errno == EACCES || errno == EBADMSG)
				return tell(STATUS_CONFIG, "%s: the store: %s",
				    drive->options->service,
				    store_why(drive->store));
			if (!bear_silence(drive, &silent))
				return tell_left(drive,
				    "the store does not answer",
				    STATUS_UNAVAILABLE);
			continue;
		}
		silent = 0;
		progress_note(&drive->progress, &view);
		driven = move(drive, &view);
		if (driven == DRIVEN_WAITS)
			goes_on = wait_for_change(drive, &view, deadline);
		view_fini(&view);
		if (!goes_on)
			return tell_left(drive, "interrupted", STATUS_TIMEOUT);
		if (clock_ms() >= deadline)
			return tell_left(drive, "not ended within --timeout",
			    STATUS_TIMEOUT);
	}
	progress_clear(&drive->progress);
	if (driven == DRIVEN_ENDED)
		return tell_ended(drive);
	if (driven == DRIVEN_DENIED)
		return tell(STATUS_NOPERM, "%s: the store: %s",
		    drive->options->service, store_why(drive->store));
	return tell(STATUS_REFUSED,
	    "%s: rollout %" PRId64 " has been replaced by another one",
	    drive->options->service, drive->n);
}

int
driver_run(struct store *store, const struct driver_options *options, int64_t n)
{
	struct drive drive = { .store = store, .options = options, .n = n };
	char host[64] = "";
	int status;

	gethostname(host, sizeof(host) - 1);
	snprintf(drive.by, sizeof(drive.by), "the driver on %s, process %d",
	    host, (int)getpid());
	drive.away = json_object();
	progress_init(&drive.progress, options->service, options->json);
	waiting_arm();
	status = drive_on(&drive, waiting_deadline(options->timeout_ms));
	progress_fini(&drive.progress);
	json_decref(drive.away);
	return status;
}
