/* SPDX-License-Identifier: ISC */
/*
 * A series of checks at the pace of a rollout, and a time limit.
 */
#include "generation/recheck.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/options.h"
#include "core/events.h"
#include "core/service.h"
#include "generation/health.h"
#include "generation/restart.h"
#include "process/program.h"

#define AGAIN_MS 1000 /* until a check that cannot begin is tried again */

struct recheck {
	struct generation *generation;
	struct event *limit;
	int64_t limit_ms;
};

void
recheck_end(struct generation *generation)
{
	struct recheck *recheck = generation->recheck;

	if (recheck == NULL)
		return;
	generation->recheck = NULL;
	if (recheck->limit != NULL)
		event_free(recheck->limit);
	free(recheck);
}

static void
say(struct generation *generation, bool healthy, const char *why)
{
	if (healthy == !generation->checks.sick)
		return;
	generation->checks.sick = !healthy;
	events_emit(generation->service, healthy ? "healthy" : "unhealthy",
	    generation, "%s: %s",
	    healthy ? "healthy again" : "unhealthy since it was started again",
	    why);
}

static void
told(
    struct generation *generation, enum health_verdict verdict, const char *why)
{
	say(generation, verdict == HEALTH_HEALTHY, why);
	if (verdict != HEALTH_HEALTHY)
		return;
	recheck_end(generation);
	generation->service->generation_events->rechecked(generation);
}

static void
expired(evutil_socket_t fd, short what, void *arg)
{
	struct generation *generation = ((struct recheck *)arg)->generation;
	const char *why = generation->checks.reason;

	say(generation, false, why);
	recheck_end(generation);
	log_error("generation %u: not healthy within %.1f s of its restart: it "
		  "is killed",
	    generation->number,
	    generation->service->options->start_timeout_ms / 1000.0);
	program_signal(generation->program, SIGKILL);
}

static int
set_limit(struct recheck *recheck, int64_t ms)
{
	struct timeval delay = clock_interval(ms);

	recheck->limit_ms = clock_ms() + ms;
	return evtimer_add(recheck->limit, &delay);
}

void
recheck_extend(struct generation *generation, int64_t ms)
{
	if (generation->recheck != NULL &&
	    clock_ms() + ms > generation->recheck->limit_ms)
		set_limit(generation->recheck, ms);
}

void
recheck_resume(struct generation *generation)
{
	if (generation->restarts > 0 &&
	    generation->checks.last != HEALTH_PASS &&
	    program_main(generation->program) != 0)
		recheck_begin(generation);
}

void
recheck_begin(struct generation *generation)
{
	const struct service *service = generation->service;
	struct recheck *recheck = calloc(1, sizeof(*recheck));
	struct timeval later = clock_interval(AGAIN_MS);
	char why[128];

	recheck_end(generation);
	health_end(generation);
	if (recheck != NULL) {
		generation->recheck = recheck;
		recheck->generation = generation;
		recheck->limit = evtimer_new(service->base, expired, recheck);
		if (recheck->limit != NULL &&
		    health_begin(generation, HEALTH_ROLLOUT, told) == 0 &&
		    set_limit(recheck, service->options->start_timeout_ms) ==
			0) {
			generation->lacking[0] = '\0';
			return;
		}
	}
	snprintf(why, sizeof(why), "it cannot be checked after its start: %s",
	    strerror(errno));
	recheck_end(generation);
	restart_tell_lack(generation, why);
	evtimer_add(generation->backoff, &later);
}
