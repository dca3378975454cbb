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
#include "generation/check_source.h"
#include "generation/helper.h"
#include "generation/roster.h"
#include "generation/steering.h"
#include "process/probe.h"
#include "traffic/accept.h"
#include "traffic/directory.h"

#define EXEC	   "exec:"
#define ASTRAY_WHY 256
#define LATE_MS	   1500 /* after a check's timeout, for a slow machine */

struct health {
	struct generation *generation;
	enum health_pace pace;
	health_fn *fn;
	size_t next;		       /* index of the round's next check */
	unsigned int passes, failures; /* in a row */
	int64_t round_ms;	       /* when the round began */
	int64_t check_ms;	       /* when the current check began */
	size_t proven;		       /* the listener to prove next */
	enum { COLD, WARMING, WARM } warmth;
	struct accept_check *accept;
	struct probe *probe;
	struct event *timer; /* for the next round */
};

static void begin_check(struct health *);
static int begin_probe(
    struct health *, const char *pattern, char *why, size_t size);

static void
begin_round(evutil_socket_t fd, short what, void *arg)
{
	struct health *health = arg;

	health->next = 0;
	health->round_ms = clock_ms();
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
 * A candidate's check counts only if the kernel keeps to the plan: otherwise
 * another generation may have answered.  One proof that the kernel does not is
 * enough.
 */
static bool
is_astray(struct health *health, char *why, size_t size)
{
	struct generation *generation = health->generation;

	if (health->pace != HEALTH_ROLLOUT ||
	    generation->role != ROLE_CANDIDATE ||
	    steering_prove(generation, &health->proven, why, size) == 0)
		return false;
	return true;
}

/*
 * Does the generation have to be warmed up before it gets a share?  A rollback
 * is not delayed.
 */
static bool
needs_warmth(const struct health *health)
{
	const struct generation *generation = health->generation;

	return health->pace == HEALTH_ROLLOUT &&
	    generation->role == ROLE_CANDIDATE && !generation->proven &&
	    generation->service->release.kind != RELEASE_ROLLBACK &&
	    generation->service->options->warm != NULL &&
	    health->warmth == COLD;
}

static void
begin_warm_up(struct health *health)
{
	struct generation *generation = health->generation;
	char cause[HELPER_WHY], why[HELPER_WHY + 64];

	event_del(health->timer);
	health->warmth = WARMING;
	if (begin_probe(health, generation->service->options->warm, cause,
		sizeof(cause)) == 0)
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
	begin_round(-1, 0, health);
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

	if (passed && (astray = is_astray(health, cause, sizeof(cause)))) {
		passed = false;
		why = cause;
	}
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
	else if (passed && health->passes == options->health_passes &&
	    needs_warmth(health))
		begin_warm_up(health);
	else if (passed && health->passes == options->health_passes)
		health->fn(generation, HEALTH_HEALTHY, record->reason);
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
accept_result(bool passed, const char *why, void *arg)
{
	struct health *health = arg;

	health->accept = NULL;
	check_done(health, passed, why);
}

static void
probe_result(bool passed, const char *why, void *arg)
{
	struct health *health = arg;

	health->probe = NULL;
	if (health->warmth == WARMING)
		end_warm_up(health, passed, why);
	else
		check_done(health, passed, why);
}

/*
 * The name and the directory of this generation's socket in the listener that a
 * check `unix:PATH` names, whatever follows PATH; NULL if it names no listener.
 */
static const char *
find_unix(const struct generation *generation, const char *check,
    const struct directory **directory)
{
	const struct service *service = generation->service;
	char text[ADDRESS_STRLEN];
	const char *name;
	size_t i, n;

	if (strncmp(check, "unix:", 5) != 0)
		return NULL;
	for (i = 0; i < service->nlisteners; i++) {
		address_format(listener_address(service->listeners[i]), text);
		n = strlen(text);
		if (strncmp(check + 5, text, n) != 0 ||
		    (check[5 + n] != '\0' && check[5 + n] != ':'))
			continue;
		name = listener_private(
		    service->listeners[i], generation->number, directory);
		if (name != NULL)
			return name;
	}
	return NULL;
}

/*
 * The prober connects to the generation's own Unix socket with the rights with
 * which the socket was bound, and to any other with those of the program.  In a
 * directory that only we can change the rights are ours: the prober connects,
 * and then gives them up.
 */
static struct probe *
start_probe(struct health *health, const char *check,
    struct command_spec *command, const char *source)
{
	const struct directory *directory;
	const struct options *options = health->generation->service->options;
	struct probe_spec spec = {
		.check = check, .source = source, .command = command
	};
	bool ours;

	if (health->warmth == WARMING) {
		spec.warm = options->warm_count;
		spec.parallel = options->warm_parallel;
	}

	if (strncmp(check, EXEC, strlen(EXEC)) == 0) {
		spec.shell = options_command(check + strlen(EXEC), &ours);
	} else {
		spec.unix_path =
		    find_unix(health->generation, check, &directory);
		if (spec.unix_path != NULL) {
			command->directory_fd = directory_fd(directory);
			if (directory_is_ours(directory))
				command->account = NULL;
		}
	}
	return probe_start(
	    health->generation->service->base, &spec, probe_result, health);
}

static int
begin_probe(struct health *health, const char *pattern, char *why, size_t size)
{
	struct generation *generation = health->generation;
	const struct options *options = generation->service->options;
	bool is_command = strncmp(pattern, EXEC, strlen(EXEC)) == 0;
	char source[CHECK_SOURCE], variable[CHECK_SOURCE + 32];
	const char *extra[] = { variable, NULL };
	struct helper helper = { .command =
				     is_command ? pattern + strlen(EXEC) : NULL,
		.generation = generation->number,
		.pid = program_main(generation->program),
		.extra = extra,
		.timeout_ms = health->warmth == WARMING
		    ? options->start_timeout_ms / 2
		    : options->health_timeout_ms };
	struct command_spec command;
	char *check;

	check = spawn_expand(pattern, options->name, generation->number);
	if (check == NULL) {
		snprintf(why, size, "%s", strerror(errno));
		return -1;
	}
	check_source(generation, check, source);
	snprintf(variable, sizeof(variable), "HOTSWAP_PROBE_SOURCE=%s", source);
	if (helper_prepare(generation->service, &helper, &command, why, size) ==
	    0) {
		health->probe = start_probe(health, check, &command, source);
		if (health->probe == NULL)
			snprintf(why, size, "%s", strerror(errno));
		helper_release(&command);
	}
	free(check);
	return health->probe != NULL ? 0 : -1;
}

static struct listener *
find_listener(const struct address *address, void *arg)
{
	const struct health *health = arg;

	return roster_find(health->generation->service, address);
}

/* Check every address at which the generation has a socket. */
static int
begin_accept(struct health *health)
{
	const struct generation *generation = health->generation;
	const struct service *service = generation->service;
	struct address *addresses;
	size_t i, n, count = 0;

	addresses = calloc(service->nlisteners + 1, sizeof(*addresses));
	if (addresses == NULL)
		return -1;
	for (i = 0; i < service->nlisteners; i++) {
		listener_sockets(service->listeners[i], generation->number, &n);
		if (n > 0)
			addresses[count++] =
			    *listener_address(service->listeners[i]);
	}
	health->accept = accept_check_start(service->base, addresses, count,
	    generation->number, service->options->health_timeout_ms,
	    find_listener, accept_result, health);
	free(addresses);
	return health->accept != NULL ? 0 : -1;
}

static void
begin_check(struct health *health)
{
	const struct options *options = health->generation->service->options;
	char cause[HELPER_WHY], why[HELPER_WHY + 64];

	health->check_ms = clock_ms();
	if (options->health[0] == NULL && begin_accept(health) == -1)
		snprintf(cause, sizeof(cause), "%s", strerror(errno));
	else if (options->health[0] != NULL)
		begin_probe(health, options->health[health->next], cause,
		    sizeof(cause));
	if (health->accept != NULL || health->probe != NULL)
		return;
	snprintf(why, sizeof(why), "the check cannot be started: %s", cause);
	end_round(health, false, why);
}

struct health *
health_start(
    struct generation *generation, enum health_pace pace, health_fn *fn)
{
	struct health *health = calloc(1, sizeof(*health));
	struct timeval now = { 0, 0 };

	if (health == NULL)
		return NULL;
	health->generation = generation;
	health->pace = pace;
	health->fn = fn;
	health->timer =
	    evtimer_new(generation->service->base, begin_round, health);
	if (health->timer == NULL || evtimer_add(health->timer, &now) == -1) {
		health_stop(health);
		return NULL;
	}
	return health;
}

void
health_change(struct health *health, enum health_pace pace, health_fn *fn)
{
	health->pace = pace;
	health->fn = fn;
	/* A check that is under way ends its round as usual. */
	if (health->accept == NULL && health->probe == NULL)
		schedule_round(health);
}

void
health_stop(struct health *health)
{
	if (health == NULL)
		return;
	if (health->accept != NULL)
		accept_check_cancel(health->accept);
	if (health->probe != NULL)
		probe_cancel(health->probe);
	if (health->timer != NULL)
		event_free(health->timer);
	free(health);
}
