/* SPDX-License-Identifier: ISC */
/*
 * The actions of a rollout's table, one function each, and what the rollout
 * does when a generation reports something.
 */
#include "rollout/actions.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "core/events.h"
#include "core/program_signals.h"
#include "core/report.h"
#include "core/service.h"
#include "generation/attempt.h"
#include "generation/generations.h"
#include "generation/latecomers.h"
#include "generation/quiet.h"
#include "generation/recheck.h"
#include "generation/retire.h"
#include "generation/steering.h"
#include "generation/stored.h"
#include "generation/wrap.h"
#include "process/reaper.h"
#include "rollout/candidate.h"
#include "rollout/course.h"
#include "rollout/deadline.h"
#include "rollout/ending.h"
#include "rollout/exclusive.h"
#include "rollout/outcome.h"
#include "rollout/readiness.h"
#include "rollout/request.h"
#include "rollout/resolve.h"
#include "rollout/summary.h"

static void start(struct service *, const char *);
static void check(struct service *, const char *);
static void shift(struct service *, const char *);
static void hold(struct service *, const char *);
static void promote(struct service *, const char *);
static void take_back(struct service *, const char *);
static void give_up(struct service *, const char *);

static void (*const actions[])(struct service *, const char *why) = {
	[ACTION_RESOLVE] = resolve_begin,
	[ACTION_START] = start,
	[ACTION_CHECK] = check,
	[ACTION_SHIFT] = shift,
	[ACTION_HOLD] = hold,
	[ACTION_PROMOTE] = promote,
	[ACTION_TAKE_BACK] = take_back,
	[ACTION_GIVE_UP] = give_up,
	[ACTION_VACATE] = exclusive_vacate,
	[ACTION_RESTORE] = exclusive_restore,
	[ACTION_REVIVE] = exclusive_revive,
	[ACTION_RESTORED] = exclusive_restored,
	[ACTION_LOST] = exclusive_lost,
};

/* START: start a new generation of the image. */

static void
start(struct service *service, const char *why)
{
	struct release *release = &service->release;
	const struct image *image = release->image;
	char fault[RELEASE_WHY], from[PATH_MAX + 64];

	/* A candidate that is alone has its sockets, in which users wait. */
	if (!release->rollout.alone &&
	    candidate_make(service, fault, sizeof(fault)) == -1) {
		course_take(service, EVENT_FAILED, fault);
		return;
	}
	if (release->old != NULL)
		stored_inherit(release->candidate, release->old);
	quiet_begin(release->candidate);
	if (generation_start(release->candidate, fault, sizeof(fault)) == -1) {
		course_take(service, EVENT_FAILED, fault);
		return;
	}
	attempt_describe(release->candidate, from, sizeof(from));
	events_emit(service, "started", release->candidate,
	    "%s started%s, PID %d, sha256 %.12s", image->program.path, from,
	    program_main(release->candidate->program), image->program.sha256);
	/* The deadline is set after the start: the time counts from then. */
	deadline_set(service, service->options->start_timeout_ms);
	candidate_await_ready(service);
}

/* CHECK: the candidate must pass before it serves users. */

static void
check(struct service *service, const char *why)
{
	struct release *release = &service->release;
	struct generation *candidate = release->candidate;
	int signal = program_signals(candidate).unpark;

	if (release->kind == RELEASE_ROLLBACK && candidate == service->parked) {
		retire_unpark(candidate);
		service->parked = NULL;
		/* It has passed, and has not changed since: that is enough. */
		if (signal == 0 && candidate->checks.last == HEALTH_PASS) {
			course_take(service, EVENT_HEALTHY, NULL);
			return;
		}
		if (signal != 0)
			program_signal(candidate->program, signal);
		deadline_set(service, service->options->start_timeout_ms);
	}
	candidate_watch(service, -1);
}

/* SHIFT: the candidate gets a share. */

/*
 * Put the rollout's share in force for so long (0: until somebody ends it);
 * false: that failed, and the candidate is taken back.
 */
static bool
apply_share(struct service *service, int64_t ms)
{
	struct release *release = &service->release;
	char fault[RELEASE_WHY];

	if (ms > 0)
		deadline_set(service, ms);
	else
		deadline_clear(service);
	if (release->rollout.alone) {
		exclusive_resumed(service);
		/* The candidate's store is newer than the old one's now. */
		stored_clear(release->old);
	}
	summary_count(service);
	quiet_end(release->candidate);
	candidate_set_share(release, release->rollout.share);
	if (steering_apply(service) == -1) {
		snprintf(
		    fault, sizeof(fault), "cannot steer: %s", strerror(errno));
		course_take(service, EVENT_FAILED, fault);
		return false;
	}
	if (release->old != NULL)
		events_emit(service, "shifted", release->candidate,
		    "gets %u %% of the new connections",
		    release->rollout.share);
	return true;
}

static void
shift(struct service *service, const char *why)
{
	struct release *release = &service->release;
	/*
	 * A first start has nothing to return to, and a parked generation that
	 * takes over unchecked needs no proof: neither has a bake time.
	 */
	bool bakes = release->old != NULL && release->candidate->health != NULL;
	int64_t ms = bakes ? service->options->bake_ms : 0;

	if (release->rollout.state == ROLLOUT_SHIFTING)
		ms = service->options->step_ms;
	if (apply_share(service, ms) && ms == 0)
		course_take(service, EVENT_BAKED, NULL);
}

/* Only a request ends this share, or a failure. */
static void
hold(struct service *service, const char *why)
{
	apply_share(service, 0);
}

/* The three ends of a rollout. */

static void
dismiss_old(struct service *service)
{
	struct release *release = &service->release;

	if (release->old == NULL)
		return;
	if (release->kind == RELEASE_ROLLBACK)
		release->old->proven = false;
	if (release->rollout.alone)
		return;
	/* It could not be started again, and finish_old follows. */
	if (release->old->program == NULL) {
		release->old->role = ROLE_DRAINING;
		return;
	}
	if (release->kind != RELEASE_ROLLBACK &&
	    service->options->keep_ms > 0 && generation_runs(release->old)) {
		service->parked = release->old;
		retire_park(release->old);
		return;
	}
	retire_drain(release->old);
}

/*
 * The old one first: each step writes the checkpoint, and there must never be
 * two active generations in it.
 */
static void
dismiss_others(struct service *service)
{
	struct generation *parked = service->parked;

	dismiss_old(service);
	if (parked != NULL && parked != service->release.candidate)
		retire_drain(parked);
}

/* What could not be given a program has no processes whose end is told. */
static void
finish_old(struct generation *old)
{
	if (old != NULL && old->program == NULL && old->role == ROLE_DRAINING)
		retire_finish(old);
}

static void
promote(struct service *service, const char *why)
{
	struct release *release = &service->release;
	struct generation *candidate = release->candidate;
	bool rollback = release->kind == RELEASE_ROLLBACK;

	quiet_end(candidate);
	/* Most candidates have 100 % since the last shift. */
	if (candidate->share != 100) {
		candidate_set_share(release, 100);
		steering_apply(service);
	}
	candidate->role = ROLE_ACTIVE;
	candidate->proven = true;
	service->active = candidate;
	candidate_look_after(candidate);
	dismiss_others(service);
	request_keep(service);
	events_emit(service, rollback ? "rolled-back" : "promoted", candidate,
	    "serves");
	finish_old(release->old);
	candidate_let_go(service);
	if (release->kind == RELEASE_FIRST)
		report_start(service, true, NULL);
	outcome_tell(service, outcome_of_success(release), why);
}

static void
take_back(struct service *service, const char *why)
{
	struct release *release = &service->release;
	struct generation *candidate = release->candidate;

	request_undo(service);
	if (candidate != NULL) {
		quiet_end(candidate);
		candidate_set_share(release, 0);
		if (release->old != NULL)
			steering_apply(service);
		candidate->role = ROLE_FAILED;
		if (release->rollout.met_users)
			retire_drain(candidate);
		else
			retire_stop(candidate);
	}
	candidate_tell_back(service, why);
	if (service->active != NULL)
		generation_try_again(service->active);
	if (release->kind == RELEASE_FIRST) {
		report_start(service, false, why);
		ending_begin(service, 1, true);
	}
}

static void
give_up(struct service *service, const char *why)
{
	resolve_cancel(service);
	take_back(service, why);
}

/* REPORTS OF GENERATIONS */

static void
on_ready(struct generation *generation)
{
	struct release *release = &generation->service->release;

	if (generation == release->candidate && release->readiness != NULL)
		readiness_said(release->readiness);
	else
		latecomers_ready(generation->latecomers);
}

static void
on_listens(struct generation *generation)
{
	struct release *release = &generation->service->release;

	latecomers_listen(generation->latecomers);
	if (generation == release->candidate && release->readiness != NULL)
		readiness_look(release->readiness);
}

/*
 * The closed socket may be the active generation's, and the only reason why the
 * candidate is not ready.
 */
static void
on_closed(struct generation *generation)
{
	struct release *release = &generation->service->release;

	if (release->readiness != NULL)
		readiness_look(release->readiness);
}

static void
on_extend(struct generation *generation, int64_t usec)
{
	struct service *service = generation->service;
	enum rollout_state state = service->release.rollout.state;
	int64_t ms = usec / 1000;

	recheck_extend(generation, ms);
	if (generation != service->release.candidate ||
	    (state != ROLLOUT_STARTING && state != ROLLOUT_CHECKING &&
		state != ROLLOUT_RESTORING))
		return;
	if (clock_ms() + ms > service->release.deadline_ms)
		deadline_set(service, ms);
}

static bool
on_ended(struct generation *generation, const char *how)
{
	struct service *service = generation->service;
	const char *trouble = wrap_trouble(generation->wrap);
	char why[RELEASE_WHY];

	if (generation != service->release.candidate)
		return false;
	snprintf(why, sizeof(why), "the program %s%s%s", how,
	    trouble[0] != '\0' ? ": " : "", trouble);
	return course_take(service, EVENT_EXITED, why);
}

static void
on_stopped(struct generation *generation)
{
	struct service *service = generation->service;

	retire_finish(generation);
	exclusive_look(service);
	ending_settle(service);
}

static void
on_given_up(struct generation *generation, int status, const char *why)
{
	struct service *service = generation->service;

	if (request_rescue(service, why))
		return;
	log_error("generation %u: given up: %s", generation->number, why);
	if (status == REAPER_UNKNOWN)
		status = 1 << 8;
	ending_begin(service,
	    WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
	    true);
}

/*
 * A rollout under way may still fail: the active one is tried all the same.  As
 * long as the candidate has no share, its steps stay as they were asked for:
 * the active one may be there again before the candidate has passed.  A rescue
 * may fail before it returns, so the active one gives way before that.
 */
static void
on_lacking(struct generation *generation, const char *why)
{
	struct service *service = generation->service;

	switch (service->release.rollout.state) {
	case ROLLOUT_RESOLVING:
	case ROLLOUT_STARTING:
	case ROLLOUT_CHECKING:
		return;
	case ROLLOUT_IDLE:
		if (service->parked == NULL)
			return;
		generation_give_way(generation);
		if (!request_rescue(service, why))
			generation_try_again(generation);
		return;
	default:
		request_rescue(service, why);
	}
}

static const struct generation_events generation_events = {
	.ready = on_ready,
	.listens = on_listens,
	.closed = on_closed,
	.rechecked = candidate_look_after,
	.extend = on_extend,
	.ended = on_ended,
	.left = retire_now,
	.stopped = on_stopped,
	.given_up = on_given_up,
	.lacking = on_lacking,
};

int
actions_open(struct service *service)
{
	service->release.actions = actions;
	service->generation_events = &generation_events;
	return deadline_init(service);
}

void
actions_close(struct service *service)
{
	deadline_fini(service);
	json_decref(service->release.phases);
	chronicle_fini(&service->release.chronicle);
}
