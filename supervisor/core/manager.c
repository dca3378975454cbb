/* SPDX-License-Identifier: ISC */
/*
 * What the service manager is told.  A rollout is a reload, while the service
 * goes on serving: RELOADING=1 is followed by READY=1 whatever the outcome.
 */
#include "core/manager.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "core/held.h"
#include "core/rollout.h"
#include "core/program_signals.h"
#include "core/service.h"
#include "keep/store.h"
#include "keep/upward.h"

#define STATUS_MAX  256
#define MARGIN_MS   15000		 /* added to a state's own time */
#define FOREVER_MS  (24 * 3600 * 1000LL) /* while a person decides */
#define NO_DEADLINE (-1)

enum stage { STARTING, SERVING, RELOADING, STOPPING };

struct manager {
	struct service *service;
	bool listens; /* there is a service manager */
	enum stage stage;
	char status[STATUS_MAX]; /* sent last */
	int64_t deadline;	 /* sent last; NO_DEADLINE: none */
	struct event *beat;	 /* for the manager's watchdog */
};

static int64_t
monotonic_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
beat(evutil_socket_t fd, short what, void *arg)
{
	struct manager *manager = arg;

	store_notify(held_store(manager->service), "WATCHDOG=1");
}

static int
begin_beating(struct manager *manager)
{
	struct service *service = manager->service;
	int64_t usec = upward_watchdog_usec(held_pid(service));
	struct timeval half = { usec / 2 / 1000000, usec / 2 % 1000000 };

	if (usec == 0)
		return 0;
	manager->beat = event_new(
	    service->base, -1, EV_TIMEOUT | EV_PERSIST, beat, manager);
	if (manager->beat == NULL || event_add(manager->beat, &half) == -1)
		return -1;
	beat(-1, 0, manager);
	return 0;
}

struct manager *
manager_new(struct service *service)
{
	struct manager *manager = calloc(1, sizeof(*manager));

	if (manager == NULL)
		return NULL;
	manager->service = service;
	manager->listens = getenv("NOTIFY_SOCKET") != NULL;
	manager->deadline = NO_DEADLINE;
	if (begin_beating(manager) == 0)
		return manager;
	manager_free(manager);
	errno = ENOMEM;
	return NULL;
}

void
manager_free(struct manager *manager)
{
	if (manager == NULL)
		return;
	if (manager->beat != NULL)
		event_free(manager->beat);
	free(manager);
}

static enum stage
find_stage(const struct service *service)
{
	const struct release *release = &service->release;

	if (service->ending)
		return STOPPING;
	if (service->active == NULL)
		return STARTING;
	return release->rollout.state != ROLLOUT_IDLE ? RELOADING : SERVING;
}

static void
describe(const struct service *service, enum stage stage,
    char buf[static STATUS_MAX])
{
	const struct release *release = &service->release;
	unsigned int active =
	    service->active != NULL ? service->active->number : 0;
	const char *state = rollout_state_name(release->rollout.state);

	if (stage == STARTING)
		snprintf(buf, STATUS_MAX, "%s; no generation serves", state);
	else if (stage == SERVING)
		snprintf(buf, STATUS_MAX, "generation %u serves", active);
	else if (stage == STOPPING)
		snprintf(buf, STATUS_MAX, "stopping, connections first");
	else if (release->to == 0)
		snprintf(buf, STATUS_MAX, "generation %u serves; %s another",
		    active, state);
	else
		snprintf(buf, STATUS_MAX,
		    "generation %u serves; %s generation %u, which gets %u %% "
		    "of the new connections",
		    active, state, release->to, release->rollout.share);
}

/* The longest time that one of the programs may take to stop. */
static int64_t
find_stop_ms(const struct service *service)
{
	const struct generation *generation;
	int64_t most = 0;

	TAILQ_FOREACH (generation, &service->generations, entry)
		most = MAX(
		    most, (int64_t)program_signals(generation).stop_timeout_ms);
	return most;
}

/* The time until which the manager waits in this stage without news. */
static int64_t
find_deadline(const struct service *service, enum stage stage)
{
	const struct options *options = service->options;

	switch (stage) {
	case SERVING:
		return NO_DEADLINE;
	case STOPPING:
		if (options->drain_timeout_ms == OPTION_ENDLESS)
			return clock_ms() + FOREVER_MS;
		return clock_ms() + options->drain_timeout_ms +
		    2 * find_stop_ms(service) + MARGIN_MS;
	default:
		break;
	}
	if (service->release.deadline_ms != 0)
		return service->release.deadline_ms + MARGIN_MS;
	return clock_ms() +
	    (service->release.rollout.state == ROLLOUT_SHIFTING
		    ? FOREVER_MS
		    : options->start_timeout_ms + MARGIN_MS);
}

/*
 * Sends READY=1 before a reload, if that was not sent: systemd accepts a reload
 * only of a service that is ready.
 */
static void
manager_enter(struct manager *manager, enum stage stage, FILE *out)
{
	struct store *store = held_store(manager->service);

	switch (stage) {
	case STARTING:
		break;
	case SERVING:
		fprintf(out, "READY=1\n");
		break;
	case RELOADING:
		if (manager->stage == STARTING)
			store_notify(store, "READY=1");
		fprintf(out, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n",
		    monotonic_usec());
		break;
	case STOPPING:
		fprintf(out, "STOPPING=1\n");
		break;
	}
	manager->stage = stage;
}

/* Longer than the deadline that was sent, by enough to send it again. */
static bool
is_longer(const struct manager *manager, int64_t deadline)
{
	return deadline != NO_DEADLINE &&
	    deadline > manager->deadline + MARGIN_MS / 2;
}

static void
write_changes(struct manager *manager, FILE *out)
{
	struct service *service = manager->service;
	enum stage stage = find_stage(service);
	int64_t deadline = find_deadline(service, stage);
	char status[STATUS_MAX];

	if (stage != manager->stage) {
		manager_enter(manager, stage, out);
		manager->deadline = NO_DEADLINE;
	}
	describe(service, stage, status);
	if (strcmp(status, manager->status) != 0)
		fprintf(out, "STATUS=%s\n", status);
	strlcpy(manager->status, status, sizeof(manager->status));
	if (!is_longer(manager, deadline))
		return;
	fprintf(out, "EXTEND_TIMEOUT_USEC=%" PRId64 "\n",
	    (deadline - clock_ms()) * 1000);
	manager->deadline = deadline;
}

static void
send_text(struct manager *manager, const char *text)
{
	if (store_notify(held_store(manager->service), text) == -1)
		log_warn("cannot tell systemd how the service is: %s",
		    strerror(errno));
}

void
manager_tell(struct manager *manager)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	if (manager == NULL || !manager->listens ||
	    (out = open_memstream(&text, &len)) == NULL)
		return;
	write_changes(manager, out);
	if (fclose(out) == 0 && len > 0)
		send_text(manager, text);
	free(text);
}

void
manager_refuse_reload(struct manager *manager, const char *why)
{
	char text[STATUS_MAX + 128];

	if (!manager->listens)
		return;
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    monotonic_usec());
	send_text(manager, text);
	/* A reload that is under way ends with READY=1 by itself. */
	if (manager->stage != SERVING)
		return;
	snprintf(manager->status, sizeof(manager->status),
	    "generation %u serves; not reloaded: %s",
	    manager->service->active->number, why);
	manager->status[strcspn(manager->status, "\n")] = '\0';
	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s", manager->status);
	send_text(manager, text);
}
