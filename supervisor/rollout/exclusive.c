/* SPDX-License-Identifier: ISC */
/*
 * --strategy exclusive.  Two generations never run at one time, and at any time
 * one generation's sockets take new connections, which wait there.
 */
#include "rollout/exclusive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/events.h"
#include "core/service.h"
#include "generation/attempt.h"
#include "generation/generations.h"
#include "generation/recheck.h"
#include "generation/retire.h"
#include "generation/steering.h"
#include "generation/stored.h"
#include "rollout/candidate.h"
#include "rollout/course.h"
#include "rollout/deadline.h"
#include "rollout/outcome.h"
#include "rollout/readiness.h"
#include "rollout/request.h"

/*
 * Must this generation end before the rollout goes on?  A candidate need not,
 * unless it is alone.  An active one without a program waits to be started.
 */
static bool
is_in_the_way(
    const struct release *release, const struct generation *generation)
{
	if (generation->program == NULL && generation->role != ROLE_ACTIVE)
		return false;
	return generation != release->candidate || release->rollout.alone;
}

void
exclusive_look(struct service *service)
{
	const struct release *release = &service->release;
	const struct generation *generation;

	if (service->ending ||
	    (release->rollout.state != ROLLOUT_STOPPING &&
		release->rollout.state != ROLLOUT_RESTORING))
		return;
	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (is_in_the_way(release, generation))
			return;
	}
	course_take(service, EVENT_VACATED, NULL);
}

static struct generation *
find_in_the_way(struct service *service)
{
	struct generation *generation;

	TAILQ_FOREACH (generation, &service->generations, entry)
		if (is_in_the_way(&service->release, generation) &&
		    generation->role != ROLE_DRAINING &&
		    generation->role != ROLE_FAILED)
			return generation;
	return NULL;
}

/*
 * Whatever is in the way, and does not end yet, shall end.  What has finished
 * may take older generations with it, so that each search begins anew.
 */
static void
empty_the_way(struct service *service)
{
	struct generation *generation;

	while ((generation = find_in_the_way(service)) != NULL)
		if (generation->program == NULL)
			retire_finish(generation);
		else
			retire_drain(generation);
}

static void
begin_pause(struct service *service, const struct generation *next)
{
	if (service->release.paused_ms == 0)
		service->release.paused_ms = clock_ms();
	events_emit(service, "paused", next,
	    "from now on new connections wait until this generation accepts");
}

void
exclusive_resumed(struct service *service)
{
	struct release *release = &service->release;
	int64_t ms = clock_ms() - release->paused_ms;

	release->paused_ms = 0;
	outcome_pause_ended(service, ms);
	events_emit(service, "resumed", release->candidate,
	    "accepts; new connections have waited for up to %lld ms",
	    (long long)ms);
}

static int
let_wait(struct service *service, char *why, size_t size)
{
	struct release *release = &service->release;

	if (steering_await(release->candidate, why, size) == -1)
		return -1;
	candidate_set_share(release, 100);
	if (steering_apply(service) == 0)
		return 0;
	snprintf(why, size, "cannot steer: %s", strerror(errno));
	return -1;
}

/*
 * The old one gets no new connection, so that it can be drained like any other,
 * and its sockets close without losing a connection.
 */
void
exclusive_vacate(struct service *service, const char *why)
{
	struct release *release = &service->release;
	char fault[RELEASE_WHY];
	bool waits = !generation_runs(release->old);

	if (candidate_make(service, fault, sizeof(fault)) == -1) {
		course_take(service, EVENT_FAILED, fault);
		return;
	}
	/* It is to be started again: others will accept who waits for it. */
	if (waits)
		steering_hand_over(release->old, release->candidate);
	if (let_wait(service, fault, sizeof(fault)) == -1) {
		if (waits)
			steering_hand_over(release->candidate, release->old);
		course_take(service, EVENT_FAILED, fault);
		return;
	}
	begin_pause(service, release->candidate);
	empty_the_way(service);
	release->deadline_ms = retire_deadline(release->old);
	exclusive_look(service);
}

/* The connections that wait for the candidate will be the old one's. */
static void
give_sockets_back(struct service *service)
{
	struct release *release = &service->release;

	steering_hand_over(release->candidate, release->old);
	candidate_set_share(release, 0);
	steering_apply(service);
}

/* A candidate that serves well but is not wanted may finish its connections. */
static bool
drain_candidate(struct service *service)
{
	struct release *release = &service->release;
	struct generation *candidate = release->candidate;
	char fault[RELEASE_WHY];

	if (!release->rollout.met_users ||
	    candidate->checks.last != HEALTH_PASS ||
	    !generation_runs(candidate) ||
	    steering_await(release->old, fault, sizeof(fault)) == -1)
		return false;
	candidate_set_share(release, 0);
	if (steering_apply(service) == -1) {
		steering_leave(release->old);
		return false;
	}
	retire_drain(candidate);
	return true;
}

void
exclusive_restore(struct service *service, const char *why)
{
	struct release *release = &service->release;
	struct generation *candidate = release->candidate;

	/* The time of the bake must not end what follows. */
	deadline_clear(service);
	strlcpy(release->why, why, sizeof(release->why));
	request_undo(service);
	/* What it says while it stops is not said by the old one. */
	readiness_stop(release->readiness);
	release->readiness = NULL;
	candidate->role = ROLE_FAILED;
	events_emit(service, "restoring", release->old,
	    "shall run again: generation %u: %s", candidate->number, why);
	if (!release->rollout.alone)
		return; /* the old one still ends */
	if (release->paused_ms == 0)
		begin_pause(service, release->old);
	if (drain_candidate(service))
		return;
	give_sockets_back(service);
	retire_stop(candidate);
}

bool
exclusive_is_awaited(struct service *service)
{
	struct release *release = &service->release;

	if (release->candidate == NULL)
		return false;
	candidate_set_share(release, 0);
	return steering_apply(service) == -1 ||
	    steering_queued(release->candidate) > 0;
}

/*
 * The predecessor may have ended before new connections waited and the old one
 * was drained, or before it gave all sockets back.
 */
void
exclusive_resume(struct service *service)
{
	struct release *release = &service->release;
	char fault[RELEASE_WHY];

	if (release->paused_ms == 0)
		begin_pause(service, release->old);
	if (!release->rollout.alone) {
		if (steering_await(release->candidate, fault, sizeof(fault)) ==
		    0) {
			candidate_set_share(release, 100);
			steering_apply(service);
		}
		empty_the_way(service);
	} else if (release->candidate->program != NULL &&
	    release->candidate->retirement == NULL) {
		give_sockets_back(service);
		retire_stop(release->candidate);
	}
	exclusive_look(service);
}

void
exclusive_revive(struct service *service, const char *why)
{
	struct release *release = &service->release;
	struct generation *old = release->old;
	char fault[RELEASE_WHY], from[PATH_MAX + 64];

	/* A candidate that was never started still has its sockets. */
	if (release->candidate->program != NULL) {
		give_sockets_back(service);
		retire_stop(release->candidate);
	}
	/*
	 * If the candidate served, the old one gets what it stored; otherwise
	 * the old one has its own store.
	 */
	if (release->rollout.met_users)
		stored_inherit(old, release->candidate);
	/* From here on the rollout waits for the old one. */
	release->candidate = old;
	release->old = NULL;
	stored_sweep(service);
	if (generation_revive(old, fault, sizeof(fault)) == -1) {
		course_take(service, EVENT_FAILED, fault);
		return;
	}
	candidate_set_share(release, 100);
	steering_apply(service);
	attempt_describe(old, from, sizeof(from));
	events_emit(service, "restarted", old, "started again, PID %d%s",
	    program_main(old->program), from);
	deadline_set(service, service->options->start_timeout_ms);
	candidate_await_ready(service);
}

void
exclusive_restored(struct service *service, const char *why)
{
	struct release *release = &service->release;

	exclusive_resumed(service);
	candidate_look_after(release->candidate);
	candidate_tell_back(service, release->why);
}

void
exclusive_lost(struct service *service, const char *why)
{
	struct release *release = &service->release;
	const struct generation *active = service->active;
	char whole[RELEASE_WHY + RELEASE_WHY];

	snprintf(whole, sizeof(whole),
	    "%s; generation %u could not be started again: %s%s", release->why,
	    release->from, why, active->lacks > 0 ? "; it will be" : "");
	release->lost = true;
	release->paused_ms = 0;
	candidate_tell_back(service, whole);
	if (generation_runs(active)) /* it may be ready yet, or is hung */
		recheck_begin(service->active);
	else
		generation_start_again(service->active, 1 << 8, why);
}
