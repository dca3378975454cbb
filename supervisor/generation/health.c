/* SPDX-License-Identifier: ISC */
/*
 * A series of health checks.  A round consists of all --health checks, or of
 * the built-in check if there are none, and ends at the first failure.
 */
#include "generation/health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "core/events.h"
#include "core/service.h"
#include "generation/directed_check.h"
#include "generation/helper.h"
#include "generation/presence.h"
#include "generation/steering.h"

#define ASTRAY_WHY 256
#define LATE_MS	   1500 /* after a check's timeout, for a slow machine */
#define SETTLE_MS  20	/* from the last answer until a candidate is healthy */

struct health {
	struct generation *generation;
	enum health_pace pace;
	health_fn *fn;
	size_t next;		       /* index of the round's next check */
	unsigned int passes, failures; /* in a row */
	int64_t round_ms;	       /* when the round began */
	int64_t check_ms;	       /* when the current check began */
	size_t proven;		       /* the listener to prove next */
	unsigned int arrivals; /* the generation's, as the round began */
	enum { COLD, WARMING, WARM } warmth;
	struct directed_check *check; /* under way, or NULL */
	bool settling;		      /* the row of passes is complete */
	struct event *timer; /* for the next round, or the end of settling */
};

static void begin_check(struct health *);
static directed_check_fn check_told;

static void
begin_round(struct health *health)
{
	health->next = 0;
	health->round_ms = clock_ms();
	health->arrivals = health->generation->arrivals;
	begin_check(health);
}

static void
schedule_round(struct health *health)
{
	const struct options *options = health->generation->service->options;
	int64_t interval = options->health_interval_ms;
	struct timeval delay;

	if (health->pace == HEALTH_STEADY)
		interval *= HEALTH_STEADY_FACTOR;
	delay = clock_interval(health->round_ms + interval - clock_ms());
	evtimer_add(health->timer, &delay);
}

/*
 * A candidate's check counts only if no other generation can have answered: the
 * kernel keeps to the plan, and the candidate's sockets were there from the
 * beginning of the round to its end.  One proof that the kernel does not keep
 * to the plan is enough; *astray says so.
 */
static bool
counts(struct health *health, bool *astray, char *why, size_t size)
{
	struct generation *generation = health->generation;
	char *const *checks = generation->service->options->health;

	if (health->pace != HEALTH_ROLLOUT ||
	    generation->role != ROLE_CANDIDATE)
		return true;
	*astray = steering_prove(generation, &health->proven, why, size) == -1;
	if (*astray)
		return false;
	if (health->arrivals != generation->arrivals) {
		snprintf(why, size,
		    "it began to listen while it was checked, so that another "
		    "generation may have answered");
		return false;
	}
	if (checks[0] == NULL)
		return presence_suffices(generation, NULL, why, size);
	while (*checks != NULL &&
	    presence_suffices(generation, *checks, why, size))
		checks++;
	return *checks == NULL;
}

/* Are these checks of what never served?  No rollback is delayed. */
static bool
is_new(const struct health *health)
{
	const struct generation *generation = health->generation;

	return health->pace == HEALTH_ROLLOUT &&
	    generation->role == ROLE_CANDIDATE && !generation->proven &&
	    generation->service->release.kind != RELEASE_ROLLBACK;
}

/* Does the generation have to be warmed up before it gets a share? */
static bool
needs_warmth(const struct health *health)
{
	return is_new(health) && health->warmth == COLD &&
	    health->generation->service->options->warm != NULL;
}

static void
begin_warm_up(struct health *health)
{
	struct generation *generation = health->generation;
	char cause[HELPER_WHY], why[HELPER_WHY + 64];

	event_del(health->timer);
	health->warmth = WARMING;
	health->check =
	    directed_check_start(generation, generation->service->options->warm,
		DIRECTED_WARM_UP, check_told, health, cause, sizeof(cause));
	if (health->check != NULL)
		return;
	snprintf(why, sizeof(why), "the warm-up cannot be started: %s", cause);
	health->fn(generation, HEALTH_COLD, why);
}

/* Nothing may use health after end_warm_up: fn may stop the series. */
static void
end_warm_up(struct health *health, bool passed, const char *why)
{
	struct generation *generation = health->generation;

	if (!passed) {
		health->fn(generation, HEALTH_COLD, why);
		return;
	}
	events_emit(
	    generation->service, "warmed", generation, "warmed up: %s", why);
	health->warmth = WARM;
	health->passes = generation->service->options->health_passes - 1;
	begin_round(health);
}

/*
 * Many a program that crashes at a request has answered it before.  Its end
 * shall be told before it gets a share: it is healthy a moment after the
 * answer.
 */
static void
complete_row(struct health *health)
{
	const struct timeval moment = clock_interval(SETTLE_MS);

	if (needs_warmth(health)) {
		begin_warm_up(health);
	} else if (is_new(health)) {
		health->settling = true;
		evtimer_add(health->timer, &moment);
	} else {
		health->fn(health->generation, HEALTH_HEALTHY,
		    health->generation->checks.reason);
	}
}

/*
 * A program that is started in another way has not answered yet: what the
 * checks said is forgotten then.  Nothing may use health after this: fn may
 * stop the series.
 */
static void
end_settling(struct health *health)
{
	const struct health_record *record = &health->generation->checks;

	health->settling = false;
	schedule_round(health);
	if (record->last == HEALTH_PASS)
		health->fn(health->generation, HEALTH_HEALTHY, record->reason);
}

static void
timer_expired(evutil_socket_t fd, short what, void *arg)
{
	struct health *health = arg;

	if (health->settling)
		end_settling(health);
	else
		begin_round(health);
}

/* Nothing may use health after end_round: fn may stop the series. */
static void
end_round(struct health *health, bool passed, const char *why)
{
	char cause[ASTRAY_WHY];
	bool astray = false;
	struct generation *generation = health->generation;
	const struct options *options = generation->service->options;
	struct health_record *record = &generation->checks;

	if (passed && !counts(health, &astray, cause, sizeof(cause))) {
		passed = false;
		why = cause;
	}
	if (record->last != HEALTH_PASS)
		health->passes = 0;
	record->last = passed ? HEALTH_PASS : HEALTH_FAIL;
	strlcpy(record->reason, why != NULL ? why : "", sizeof(record->reason));
	if (passed) {
		record->passes++;
		health->passes++;
		health->failures = 0;
	} else {
		record->failures++;
		health->failures++;
		health->passes = 0;
	}
	schedule_round(health);
	if (astray)
		health->fn(generation, HEALTH_ASTRAY, record->reason);
	else if (passed && health->passes == options->health_passes)
		complete_row(health);
	else if (!passed && health->failures == options->health_failures)
		health->fn(generation, HEALTH_SICK, record->reason);
}

/*
 * Has the check ended long after its timeout?  Then we were stopped, signal(7),
 * and the check shows nothing.
 */
static bool
is_stale(const struct health *health)
{
	const struct options *options = health->generation->service->options;

	return clock_ms() - health->check_ms >
	    (int64_t)options->health_timeout_ms + LATE_MS;
}

static void
check_done(struct health *health, bool passed, const char *why)
{
	char **checks = health->generation->service->options->health;

	if (!passed && is_stale(health)) {
		begin_check(health);
		return;
	}
	if (health->pace == HEALTH_ROLLOUT)
		chronicle_check(&health->generation->service->release.chronicle,
		    health->generation->number, health->next, health->check_ms,
		    passed, why);
	if (passed && checks[0] != NULL && checks[++health->next] != NULL) {
		begin_check(health);
		return;
	}
	end_round(health, passed, why);
}

static void
check_told(bool passed, const char *why, void *arg)
{
	struct health *health = arg;

	health->check = NULL;
	if (health->warmth == WARMING)
		end_warm_up(health, passed, why);
	else
		check_done(health, passed, why);
}

static void
begin_check(struct health *health)
{
	struct generation *generation = health->generation;
	char cause[HELPER_WHY], why[HELPER_WHY + 64];

	health->check_ms = clock_ms();
	health->check = directed_check_start(generation,
	    generation->service->options->health[health->next], DIRECTED_HEALTH,
	    check_told, health, cause, sizeof(cause));
	if (health->check != NULL)
		return;
	snprintf(why, sizeof(why), "the check cannot be started: %s", cause);
	end_round(health, false, why);
}

int
health_begin(
    struct generation *generation, enum health_pace pace, health_fn *fn)
{
	struct health *health = calloc(1, sizeof(*health));
	struct timeval now = { 0, 0 };

	health_end(generation);
	if (health == NULL)
		return -1;
	generation->health = health;
	health->generation = generation;
	health->pace = pace;
	health->fn = fn;
	health->timer =
	    evtimer_new(generation->service->base, timer_expired, health);
	if (health->timer != NULL && evtimer_add(health->timer, &now) == 0)
		return 0;
	health_end(generation);
	return -1;
}

void
health_change(
    struct generation *generation, enum health_pace pace, health_fn *fn)
{
	struct health *health = generation->health;

	health->pace = pace;
	health->fn = fn;
	health->settling = false;
	/* A check that is under way ends its round as usual. */
	if (health->check == NULL)
		schedule_round(health);
}

void
health_end(struct generation *generation)
{
	struct health *health = generation->health;

	if (health == NULL)
		return;
	generation->health = NULL;
	directed_check_cancel(health->check);
	if (health->timer != NULL)
		event_free(health->timer);
	free(health);
}
