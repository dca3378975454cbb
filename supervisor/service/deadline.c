/* SPDX-License-Identifier: ISC */
/*
 * The time that a state of a rollout has.
 */
#include "service/deadline.h"

#include <stdio.h>
#include <sys/param.h>

#include "service/readiness.h"
#include "service/recovery.h"
#include "service/service.h"

#define LATE_MS 1000 /* what is so late was not heard of: we did not run */

void
deadline_set(struct service *service, int64_t ms)
{
	struct timeval delay = clock_interval(ms);

	service->release.deadline_ms = clock_ms() + ms;
	evtimer_add(service->release.timer, &delay);
	recovery_save(service);
}

void
deadline_clear(struct service *service)
{
	service->release.deadline_ms = 0;
	evtimer_del(service->release.timer);
}

static int64_t
time_of(const struct service *service)
{
	switch (service->release.rollout.state) {
	case ROLLOUT_SHIFTING:
		return service->options->step_ms;
	case ROLLOUT_BAKING:
		return service->options->bake_ms;
	default:
		return service->options->start_timeout_ms;
	}
}

/*
 * We were stopped, signal(7): nobody has looked at the candidate, and what it
 * has said was not heard.  It gets the time that we were away, but not more
 * than it had at first.
 */
static bool
begin_again(struct service *service)
{
	int64_t late = clock_ms() - service->release.deadline_ms;

	if (late < LATE_MS)
		return false;
	deadline_set(service, MIN(late, time_of(service)));
	return true;
}

/* The time of the present state has passed. */
static void
time_passed(evutil_socket_t fd, short what, void *arg)
{
	static const struct {
		enum rollout_event event;
		const char *missing; /* what it has failed to become */
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

	if (begin_again(service))
		return;
	release->deadline_ms = 0;
	if (missing == NULL) {
		release_take(service, ends[state].event, NULL);
		return;
	}
	if (checks->last == HEALTH_FAIL)
		snprintf(detail, sizeof(detail), ": %s", checks->reason);
	else if (release->readiness != NULL)
		readiness_describe(release->readiness, detail, sizeof(detail));
	snprintf(why, sizeof(why), "not %s within %.1f s%s", missing,
	    service->options->start_timeout_ms / 1000.0, detail);
	release_take(service, ends[state].event, why);
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
