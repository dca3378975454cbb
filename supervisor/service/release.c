/* SPDX-License-Identifier: ISC */
/*
 * Carries out a rollout.  Every change of its state goes through take(),
 * which asks the table of service/rollout.c and does what it says; nothing
 * else here decides how a rollout goes on.
 */
#include "service/release.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "service/deadline.h"
#include "service/exclusive.h"
#include "service/health.h"
#include "service/manager.h"
#include "service/outcome.h"
#include "service/recovery.h"
#include "service/latecomers.h"
#include "service/readiness.h"
#include "service/request.h"
#include "service/resolve.h"
#include "service/retire.h"
#include "service/service.h"
#include "service/steering.h"
#include "service/stored.h"
#include "service/wrap.h"

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

/* Do what the table said; before is the rollout before it was asked. */
static bool
carry_out(struct service *service, const struct rollout *before,
    enum rollout_action action, const char *why)
{
	struct release *release = &service->release;

	if (action == ACTION_REFUSE)
		return false;
	/* Each share is a phase of its own. */
	if (release->rollout.state != before->state || action == ACTION_SHIFT ||
	    action == ACTION_HOLD)
		outcome_phase_ended(release, before);
	actions[action](service, why);
	manager_tell(service->manager);
	return true;
}

bool
release_take(struct service *service, enum rollout_event event, const char *why)
{
	struct rollout *rollout = &service->release.rollout;
	struct rollout before = *rollout;

	return carry_out(service, &before, rollout_take(rollout, event), why);
}

bool
release_split(struct service *service, unsigned int percent)
{
	struct rollout *rollout = &service->release.rollout;
	struct rollout before = *rollout;

	return carry_out(
	    service, &before, rollout_split(rollout, percent), NULL);
}

/* What was kept for the rollout is let go; what it is for stays in force. */
void
release_clear(struct service *service)
{
	struct release *release = &service->release;

	deadline_clear(service);
	readiness_stop(release->readiness);
	release->readiness = NULL;
	image_unref(release->image);
	release->image = NULL;
	release->candidate = release->old = NULL;
	generation_prune(service);
}

/* START: a new generation of the image. */

static void
candidate_ready(struct generation *candidate, void *arg)
{
	struct service *service = arg;

	readiness_stop(service->release.readiness);
	service->release.readiness = NULL;
	program_watch_on(candidate->program);
	latecomers_ready(candidate->latecomers);
	events_emit(service, "ready", candidate, "ready after %d ms",
	    (int)(clock_ms() - service->release.phase_ms));
	release_take(service, EVENT_READY, NULL);
}

int
release_make_candidate(struct service *service, char why[static RELEASE_WHY])
{
	struct release *release = &service->release;

	release->candidate = generation_new(
	    service, image_ref(release->image), why, RELEASE_WHY);
	if (release->candidate == NULL)
		return -1;
	release->to = release->candidate->number;
	return 0;
}

void
release_await_ready(struct service *service)
{
	struct release *release = &service->release;

	readiness_stop(release->readiness);
	release->readiness =
	    readiness_start(release->candidate, candidate_ready, service);
	if (release->readiness == NULL)
		release_take(service, EVENT_FAILED, strerror(errno));
}

static void
start(struct service *service, const char *why)
{
	struct release *release = &service->release;
	char fault[RELEASE_WHY];

	/* One that is alone has its sockets, where users wait already. */
	if (!release->rollout.alone &&
	    release_make_candidate(service, fault) == -1) {
		release_take(service, EVENT_FAILED, fault);
		return;
	}
	if (release->old != NULL)
		stored_inherit(release->candidate, release->old);
	deadline_set(service, service->options->start_timeout_ms);
	if (generation_start(release->candidate, fault, sizeof(fault)) == -1) {
		release_take(service, EVENT_FAILED, fault);
		return;
	}
	events_emit(service, "started", release->candidate,
	    "%s started, PID %d, sha256 %.12s", release->image->program,
	    program_main(release->candidate->program), release->image->sha256);
	release_await_ready(service);
}

/* CHECK: it must pass before it serves anybody. */

static void
health_told(struct generation *generation, bool healthy, const char *why)
{
	struct service *service = generation->service;
	const struct options *options = service->options;

	if (generation == service->release.candidate) {
		release_take(
		    service, healthy ? EVENT_HEALTHY : EVENT_SICK, why);
		return;
	}
	if (healthy == !generation->checks.sick)
		return;
	generation->checks.sick = !healthy;
	events_emit(service, healthy ? "healthy" : "unhealthy", generation,
	    "%s: %s", healthy ? "healthy again" : "unhealthy", why);
	if (!healthy && options->on_unhealthy == UNHEALTHY_RESTART)
		program_signal(generation->program, SIGKILL);
}

static void
check(struct service *service, const char *why)
{
	struct release *release = &service->release;
	struct generation *candidate = release->candidate;
	int signal = service->options->unpark_signal;

	if (release->kind == RELEASE_ROLLBACK && candidate == service->parked) {
		retire_unpark(candidate);
		service->parked = NULL;
		if (signal == 0) {
			/* It is as it was when it served. */
			release_take(service, EVENT_HEALTHY, NULL);
			return;
		}
		program_signal(candidate->program, signal);
		deadline_set(service, service->options->start_timeout_ms);
	}
	candidate->health =
	    health_start(candidate, HEALTH_ROLLOUT, health_told);
	if (candidate->health == NULL)
		release_take(service, EVENT_FAILED, strerror(errno));
}

void
release_watch(struct service *service, int64_t ms)
{
	struct generation *candidate = service->release.candidate;

	candidate->health =
	    health_start(candidate, HEALTH_ROLLOUT, health_told);
	if (candidate->health == NULL)
		release_take(service, EVENT_FAILED, strerror(errno));
	else if (ms >= 0)
		deadline_set(service, ms);
}

/* SHIFT: shares. */

void
release_set_shares(struct release *release, unsigned int candidate)
{
	release->candidate->share = candidate;
	if (release->old != NULL)
		release->old->share = 100 - candidate;
}

/*
 * Put the rollout's share in force, for so long (0: until somebody ends it);
 * false: it failed and is taken back.
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
		/* What has users knows best: see exclusive_revive. */
		stored_clear(release->old);
	}
	release_set_shares(release, release->rollout.share);
	if (steering_apply(service) == -1) {
		snprintf(
		    fault, sizeof(fault), "cannot steer: %s", strerror(errno));
		release_take(service, EVENT_FAILED, fault);
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
	/* A first start and a parked one at once have nothing to bake. */
	bool bakes = release->old != NULL && release->candidate->health != NULL;
	int64_t ms = bakes ? service->options->bake_ms : 0;

	if (release->rollout.state == ROLLOUT_SHIFTING)
		ms = service->options->step_ms;
	if (apply_share(service, ms) && ms == 0)
		release_take(service, EVENT_BAKED, NULL);
}

/* Only people end this. */
static void
hold(struct service *service, const char *why)
{
	apply_share(service, 0);
}

/* The three ends. */

void
release_look_after(struct generation *active)
{
	health_stop(active->health);
	active->health = NULL;
	/* Idle costs nothing, unless a check was asked for. */
	if (active->service->options->health[0] != NULL)
		active->health =
		    health_start(active, HEALTH_STEADY, health_told);
}

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
	if (release->kind != RELEASE_ROLLBACK &&
	    service->options->keep_ms > 0 &&
	    program_main(release->old->program) != 0) {
		service->parked = release->old;
		retire_park(release->old);
		return;
	}
	retire_drain(release->old);
}

/*
 * The old one first: with each step the checkpoint is written, and there must
 * never be two that are active in it.
 */
static void
dismiss_others(struct service *service)
{
	struct generation *parked = service->parked;

	dismiss_old(service);
	if (parked != NULL && parked != service->release.candidate)
		retire_drain(parked);
}

static void
promote(struct service *service, const char *why)
{
	struct release *release = &service->release;
	struct generation *candidate = release->candidate;
	bool rollback = release->kind == RELEASE_ROLLBACK;

	/* Most have it since the last shift. */
	if (candidate->share != 100) {
		release_set_shares(release, 100);
		steering_apply(service);
	}
	candidate->role = ROLE_ACTIVE;
	candidate->proven = true;
	service->active = candidate;
	release_look_after(candidate);
	dismiss_others(service);
	request_keep(service);
	events_emit(service, rollback ? "rolled-back" : "promoted", candidate,
	    "serves");
	release_clear(service);
	if (release->kind == RELEASE_FIRST)
		service_report(service, true, NULL);
	outcome_tell(
	    service, rollback ? OUTCOME_ROLLED_BACK : OUTCOME_PROMOTED, why);
}

void
release_tell_back(struct service *service, const char *why)
{
	struct release *release = &service->release;
	bool met_users =
	    release->rollout.met_users && release->kind != RELEASE_ROLLBACK;

	events_emit(service, met_users ? "rolled-back" : "aborted",
	    generation_find(service, release->to), "%s: %s",
	    release->to != 0 ? "taken back" : "no new generation", why);
	release_clear(service);
	outcome_tell(
	    service, met_users ? OUTCOME_ROLLED_BACK : OUTCOME_ABORTED, why);
}

static void
take_back(struct service *service, const char *why)
{
	struct release *release = &service->release;
	struct generation *candidate = release->candidate;

	request_undo(service);
	if (candidate != NULL) {
		release_set_shares(release, 0);
		if (release->old != NULL)
			steering_apply(service);
		candidate->role = ROLE_FAILED;
		if (release->rollout.met_users)
			retire_drain(candidate);
		else
			retire_stop(candidate);
	}
	release_tell_back(service, why);
	if (service->active != NULL)
		generation_try_again(service->active);
	if (release->kind == RELEASE_FIRST) {
		service_report(service, false, why);
		service_end(service, 1, true);
	}
}

static void
give_up(struct service *service, const char *why)
{
	resolve_cancel(service);
	take_back(service, why);
}

/* What generations tell. */

bool
release_ready(struct generation *generation)
{
	struct release *release = &generation->service->release;

	if (generation != release->candidate || release->readiness == NULL)
		return false;
	readiness_said(release->readiness);
	return true;
}

void
release_listens(struct generation *generation)
{
	struct release *release = &generation->service->release;

	latecomers_listen(generation->latecomers);
	if (generation == release->candidate && release->readiness != NULL)
		readiness_look(release->readiness);
}

bool
release_ended(struct generation *generation, const char *how)
{
	struct service *service = generation->service;
	const char *trouble = wrap_trouble(generation->wrap);
	char why[RELEASE_WHY];

	if (generation != service->release.candidate)
		return false;
	snprintf(why, sizeof(why), "the program %s%s%s", how,
	    trouble[0] != '\0' ? ": " : "", trouble);
	return release_take(service, EVENT_EXITED, why);
}

void
release_extend(struct generation *generation, int64_t usec)
{
	struct service *service = generation->service;
	enum rollout_state state = service->release.rollout.state;
	int64_t ms = usec / 1000;

	if (generation != service->release.candidate ||
	    (state != ROLLOUT_STARTING && state != ROLLOUT_CHECKING &&
		state != ROLLOUT_RESTORING))
		return;
	if (clock_ms() + ms > service->release.deadline_ms)
		deadline_set(service, ms);
}

void
release_init(struct service *service)
{
	deadline_init(service);
}

void
release_fini(struct service *service)
{
	deadline_fini(service);
	json_decref(service->release.phases);
}
