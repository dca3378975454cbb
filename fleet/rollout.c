/* SPDX-License-Identifier: ISC */
/*
 * The commands that begin, take up and halt a rollout.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "cli/tell.h"
#include "fleet/command.h"
#include "fleet/driver.h"
#include "fleet/moves.h"
#include "fleet/view.h"

#define TRIES 20 /* of a commit that meets others' */

/* Who began it, for people. */
static void
put_by(char by[static RECORDS_TEXT])
{
	char host[64] = "";
	const char *user = getenv("USER");

	gethostname(host, sizeof(host) - 1);
	snprintf(by, RECORDS_TEXT, "%.64s@%s, process %d",
	    user != NULL ? user : "somebody", host, (int)getpid());
}

static int
tell_store(const struct fleet_arguments *a, struct store *store, int error)
{
	enum exit_status status = STATUS_UNAVAILABLE;

	if (error == EACCES)
		status = STATUS_NOPERM;
	if (error == EBADMSG)
		status = STATUS_CONFIG;
	return tell(status, "%s: the store: %s%s", a->service, store_why(store),
	    status == STATUS_UNAVAILABLE
		? "; nothing was begun, all services serve"
		: "");
}

static int
tell_denied(const struct fleet_arguments *a, struct store *store)
{
	return tell_store(a, store, EACCES);
}

/*
 * Read, and make a move until it is committed.  make returns an exit status if
 * there is nothing to commit, -1 with *committed otherwise.  After an answer
 * that was lost, is_done tells whether the commit was made all the same.
 */
struct attempt {
	int (*make)(const struct fleet_arguments *, struct store *,
	    struct view *, struct rollout *, enum committed *);
	bool (*is_done)(const struct view *, const struct rollout *);
};

static int
attempt(const struct fleet_arguments *a, struct store *store,
    const struct attempt *what, struct rollout *rollout)
{
	enum committed committed = CONFLICT;
	struct view view;
	int status = -1, i;

	for (i = 0; i < TRIES && status == -1; i++) {
		if (view_read(&view, store) == -1)
			status = tell_store(a, store, errno);
		else if (committed == UNKNOWN && what->is_done(&view, rollout))
			status = STATUS_OK;
		else
			status =
			    what->make(a, store, &view, rollout, &committed);
		view_fini(&view);
		if (status == -1 && committed == COMMITTED)
			return STATUS_OK;
		if (status == -1 && committed == DENIED)
			status = tell_denied(a, store);
	}
	return status != -1 ? status : tell_store(a, store, EHOSTUNREACH);
}

static int
drive(const struct fleet_arguments *a, struct store *store, int64_t n)
{
	const struct driver_options options = { a->service, a->json,
		a->timeout_ms };

	if (!a->no_wait)
		return driver_run(store, &options, n);
	tell(STATUS_OK,
	    "%s: rollout %" PRId64 " is noted; `hotswap fleet resume %s` "
	    "drives it",
	    a->service, n, a->service);
	return STATUS_OK;
}

static bool
has_begun(const struct view *view, const struct rollout *rollout)
{
	return view->rollout.n == rollout->n &&
	    strcmp(view->rollout.token, rollout->token) == 0;
}

static int
refuse_second(const struct fleet_arguments *a, const struct view *view)
{
	return tell(STATUS_REFUSED,
	    "%s: rollout %" PRId64 " runs, of %s, begun by %s: `hotswap fleet "
	    "resume %s` goes on with it, `hotswap fleet stop %s` ends it",
	    a->service, view->rollout.n, view->rollout.release,
	    view->rollout.by, a->service, a->service);
}

static void
number_it(struct rollout *rollout, const struct view *view)
{
	rollout->n = view->rollout.n + 1;
	rollout->attempt = 1;
	rollout->state = FLEET_RUNNING;
	clock_stamp(rollout->started);
	put_by(rollout->by);
	snprintf(rollout->token, sizeof(rollout->token), "%08x%08x",
	    arc4random(), arc4random());
}

static int
make_upgrade(const struct fleet_arguments *a, struct store *store,
    struct view *view, struct rollout *rollout, enum committed *committed)
{
	if (view->rollout.n > 0 && view->rollout.state == FLEET_RUNNING)
		return refuse_second(a, view);
	if (view->nhosts == 0)
		return tell(STATUS_REFUSED,
		    "%s: no host is registered: `hotswap fleet agent %s` on "
		    "each host does that",
		    a->service, a->service);
	*rollout = a->rollout;
	rollout->kind = KIND_UPGRADE;
	strlcpy(rollout->release, a->operands[0], sizeof(rollout->release));
	number_it(rollout, view);
	*committed = move_begin(store, view, rollout);
	return -1;
}

int
fleet_upgrade(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	const struct attempt what = { make_upgrade, has_begun };
	struct rollout rollout;
	int status;

	if (!names_is_valid(a->operands[0]))
		return tell(STATUS_USAGE,
		    "fleet upgrade: \"%s\" is no name of a release: 1 to %d of "
		    "A-Z a-z 0-9 . _ + -, beginning with a letter or a digit",
		    a->operands[0], NAMES_MAX);
	status = attempt(a, store, &what, &rollout);
	return status == STATUS_OK ? drive(a, store, rollout.n) : status;
}

/* A rollback goes to all hosts at once, and no host that fails stops it. */
static int
make_rollback(const struct fleet_arguments *a, struct store *store,
    struct view *view, struct rollout *rollout, enum committed *committed)
{
	if (view->rollout.n > 0 && view->rollout.state == FLEET_RUNNING)
		return refuse_second(a, view);
	if (view->rollout.n == 0 || view->rollout.kind != KIND_UPGRADE)
		return tell(STATUS_REFUSED,
		    "%s: there is no upgrade to take back", a->service);
	*rollout = view->rollout;
	rollout->kind = KIND_ROLLBACK;
	rollout->first = 0;
	rollout->soak_ms = 0;
	rollout->at_once = 100;
	rollout->percent = true;
	rollout->failures = (int64_t)view->nhosts;
	number_it(rollout, view);
	*committed = move_begin(store, view, rollout);
	return -1;
}

int
fleet_rollback(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	const struct attempt what = { make_rollback, has_begun };
	struct rollout rollout;
	int status = attempt(a, store, &what, &rollout);

	return status == STATUS_OK ? drive(a, store, rollout.n) : status;
}

/* A rollout that runs is only driven. */
static int
make_resume(const struct fleet_arguments *a, struct store *store,
    struct view *view, struct rollout *rollout, enum committed *committed)
{
	char by[RECORDS_TEXT];

	if (view->rollout.n == 0)
		return tell(
		    STATUS_REFUSED, "%s: there was no rollout", a->service);
	*rollout = view->rollout;
	if (view->rollout.state != FLEET_HALTED)
		return STATUS_OK;
	rollout->attempt++;
	put_by(by);
	*committed = move_resume(store, view, by);
	return -1;
}

static bool
has_resumed(const struct view *view, const struct rollout *rollout)
{
	return view->rollout.n == rollout->n &&
	    view->rollout.attempt == rollout->attempt;
}

int
fleet_resume(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	const struct attempt what = { make_resume, has_resumed };
	struct rollout rollout;
	int status = attempt(a, store, &what, &rollout);

	return status == STATUS_OK ? drive(a, store, rollout.n) : status;
}

static int
make_stop(const struct fleet_arguments *a, struct store *store,
    struct view *view, struct rollout *rollout, enum committed *committed)
{
	char by[RECORDS_TEXT];

	if (view->rollout.n == 0 || view->rollout.state != FLEET_RUNNING)
		return tell(STATUS_REFUSED, "%s: no rollout runs", a->service);
	*rollout = view->rollout;
	if (view_is_halted(view))
		return STATUS_OK;
	put_by(by);
	*committed = move_halt(store, view, by, "stopped by hand");
	return -1;
}

static bool
has_stopped(const struct view *view, const struct rollout *rollout)
{
	return view->rollout.n == rollout->n && view_is_halted(view);
}

int
fleet_stop(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	const struct attempt what = { make_stop, has_stopped };
	struct rollout rollout;
	int status = attempt(a, store, &what, &rollout);

	if (status == STATUS_OK)
		tell(STATUS_OK,
		    "%s: rollout %" PRId64 " is halted: no other host begins; "
		    "`hotswap fleet resume %s` goes on with it",
		    a->service, rollout.n, a->service);
	return status;
}

int
fleet_agent(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	return agent_run(conf, store, &a->agent);
}
