/* SPDX-License-Identifier: ISC */
/*
 * The steps of which the actions of a rollout are made.
 */
#include "rollout/candidate.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/param.h>

#include "core/events.h"
#include "core/service.h"
#include "generation/generations.h"
#include "generation/health.h"
#include "generation/latecomers.h"
#include "generation/prune.h"
#include "generation/recheck.h"
#include "rollout/course.h"
#include "rollout/deadline.h"
#include "rollout/outcome.h"
#include "rollout/readiness.h"

void
candidate_let_go(struct service *service)
{
	struct release *release = &service->release;

	deadline_clear(service);
	readiness_stop(release->readiness);
	release->readiness = NULL;
	image_unref(release->image);
	release->image = NULL;
	release->candidate = release->old = NULL;
	prune_generations(service);
}

/* An exclusive rollout's phase may have begun long before the program. */
static void
candidate_ready(struct generation *candidate, void *arg)
{
	struct service *service = arg;

	readiness_stop(service->release.readiness);
	service->release.readiness = NULL;
	program_watch_on(candidate->program);
	latecomers_ready(candidate->latecomers);
	events_emit(service, "ready", candidate, "ready after %d ms",
	    (int)(clock_ms() -
		MAX(service->release.phase_ms, candidate->attempt_ms)));
	course_take(service, EVENT_READY, NULL);
}

int
candidate_make(struct service *service, char *why, size_t size)
{
	struct release *release = &service->release;

	release->candidate =
	    generation_new(service, image_ref(release->image), why, size);
	if (release->candidate == NULL)
		return -1;
	release->to = release->candidate->number;
	return 0;
}

void
candidate_await_ready(struct service *service)
{
	struct release *release = &service->release;

	readiness_stop(release->readiness);
	release->readiness =
	    readiness_start(release->candidate, candidate_ready, service);
	if (release->readiness == NULL)
		course_fail(service, "readiness cannot be awaited");
}

static void
health_told(
    struct generation *generation, enum health_verdict verdict, const char *why)
{
	static const enum rollout_event events[] = {
		[HEALTH_HEALTHY] = EVENT_HEALTHY,
		[HEALTH_SICK] = EVENT_SICK,
		[HEALTH_COLD] = EVENT_FAILED,
		[HEALTH_ASTRAY] = EVENT_FAILED,
	};
	struct service *service = generation->service;
	const struct options *options = service->options;
	bool healthy = verdict == HEALTH_HEALTHY;

	if (generation == service->release.candidate) {
		course_take(service, events[verdict], why);
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

void
candidate_watch(struct service *service, int64_t ms)
{
	struct generation *candidate = service->release.candidate;

	if (health_begin(candidate, HEALTH_ROLLOUT, health_told) == -1)
		course_fail(service, "checks cannot be started");
	else if (ms >= 0)
		deadline_set(service, ms);
}

void
candidate_set_share(struct release *release, unsigned int candidate)
{
	release->candidate->share = candidate;
	if (release->old != NULL)
		release->old->share = 100 - candidate;
}

void
candidate_look_after(struct generation *active)
{
	recheck_end(active);
	/* An idle service costs nothing, unless a check was asked for. */
	if (active->service->options->health[0] == NULL) {
		health_end(active);
	} else if (active->health != NULL) {
		health_change(active, HEALTH_STEADY, health_told);
	} else {
		health_begin(active, HEALTH_STEADY, health_told);
	}
}

void
candidate_tell_back(struct service *service, const char *why)
{
	struct release *release = &service->release;
	bool met_users =
	    release->rollout.met_users && release->kind != RELEASE_ROLLBACK;

	events_emit(service, met_users ? "rolled-back" : "aborted",
	    generation_find(service, release->to), "%s: %s",
	    release->to != 0 ? "taken back" : "no new generation", why);
	candidate_let_go(service);
	outcome_tell(
	    service, met_users ? OUTCOME_ROLLED_BACK : OUTCOME_ABORTED, why);
}
