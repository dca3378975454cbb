/* SPDX-License-Identifier: ISC */
/*
 * The time limit of a rollout's state.
 */
#include "rollout/deadline.h"

#include <stdio.h>
#include <sys/param.h>

#include "core/service.h"
#include "core/state.h"
#include "rollout/course.h"
#include "rollout/readiness.h"

#define TICK_MS 1000 /* interval of the check whether this process runs */
#define LATE_MS 500  /* so late only after SIGSTOP, signal(7), or the like */

static void
wait_on(struct service *service)
{
	struct release *release = &service->release;
	int64_t now = clock_ms(), left = release->deadline_ms - now;
	int64_t wait = left < 0 ? 0 : MIN(left, TICK_MS);
	struct timeval delay = clock_interval(wait);

	release->tick_ms = now + wait;
	evtimer_add(release->timer, &delay);
}

void
deadline_set(struct service *service, int64_t ms)
{
	service->release.deadline_ms = clock_ms() + ms;
	wait_on(service);
	state_changed(service);
}

void
deadline_clear(struct service *service)
{
	service->release.deadline_ms = 0;
	evtimer_del(service->release.timer);
}

/*
 * Is there time left?  While this process was stopped, nobody checked the
 * candidate or read its messages.
 */
static bool
goes_on(struct service *service)
{
	struct release *release = &service->release;
	int64_t now = clock_ms(), late = now - release->tick_ms;

	if (late >= LATE_MS) {
		release->deadline_ms += late;
		state_changed(service);
	}
	if (now >= release->deadline_ms)
		return false;
	wait_on(service);
	return true;
}

/* The time of the present state has passed. */
static void
time_passed(evutil_socket_t fd, short what, void *arg)
{
	static const struct {
		enum rollout_event event;
		const char *missing; /* what the candidate is not */
	} ends[ROLLOUT_STATES] = {
		[ROLLOUT_STARTING] = { EVENT_EXPIRED, "ready" },
		[ROLLOUT_CHECKING] = { EVENT_EXPIRED, "healthy" },
		[ROLLOUT_SHIFTING] = { EVENT_HELD, NULL },
		[ROLLOUT_BAKING] = { EVENT_BAKED, NULL },
		[ROLLOUT_RESTORING] = { EVENT_EXPIRED, "healthy" },
	};
	struct service *service = arg;
	struct release *release = &service->release;
	const struct health_record *checks = &release->candidate->checks;
	enum rollout_state state = release->rollout.state;
	const char *missing = ends[state].missing;
	char why[RELEASE_WHY], detail[RELEASE_WHY - 64] = "";

	if (goes_on(service))
		return;
	release->deadline_ms = 0;
	if (missing == NULL) {
		course_take(service, ends[state].event, NULL);
		return;
	}
	if (checks->last == HEALTH_FAIL)
		snprintf(detail, sizeof(detail), ": %s", checks->reason);
	else if (release->readiness != NULL)
		readiness_describe(release->readiness, detail, sizeof(detail));
	snprintf(why, sizeof(why), "not %s within %.1f s%s", missing,
	    service->options->start_timeout_ms / 1000.0, detail);
	course_take(service, ends[state].event, why);
}

int
deadline_init(struct service *service)
{
	service->release.timer =
	    evtimer_new(service->base, time_passed, service);
	return service->release.timer != NULL ? 0 : -1;
}

void
deadline_fini(struct service *service)
{
	if (service->release.timer != NULL)
		event_free(service->release.timer);
}
