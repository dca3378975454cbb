/* SPDX-License-Identifier: ISC */
/*
 * Events: each one is logged, kept for a while, and passed to all observers.
 */
#include "core/events.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/chronicle.h"
#include "core/held.h"
#include "core/rollout.h"
#include "core/service.h"
#include "core/state.h"
#include "keep/event_log.h"
#include "keep/journal.h"

struct events {
	TAILQ_HEAD(, observer) observers;
	struct event_log log;	 /* the recent events */
	struct journal *journal; /* all events; NULL: they are not kept */
};

struct events *
events_new(void)
{
	struct events *events = calloc(1, sizeof(*events));

	if (events == NULL)
		return NULL;
	TAILQ_INIT(&events->observers);
	event_log_init(&events->log);
	return events;
}

void
events_free(struct events *events)
{
	if (events == NULL)
		return;
	event_log_fini(&events->log);
	if (events->journal != NULL)
		journal_close(events->journal);
	free(events);
}

/* Continue with the events that a predecessor has held. */
static void
hold_recent(struct service *service)
{
	struct event_log *log = &service->events->log;
	int fds[EVENT_LOG_FILES];
	bool found = false;
	unsigned int i;

	for (i = 0; i < EVENT_LOG_FILES; i++) {
		fds[i] = held_take(service, "events", i);
		found |= fds[i] != -1;
	}
	if (found)
		event_log_adopt(log, fds);
	else if (event_log_open(log) == -1)
		log_warn("a successor will not know the events of now: %s",
		    strerror(errno));
	for (i = 0; i < EVENT_LOG_FILES && !found; i++)
		held_put(service, "events", i, log->fds[i]);
}

static json_int_t
number_of(const json_t *event)
{
	return json_integer_value(json_object_get(event, "number"));
}

/* A predecessor may have been killed before it added its last event. */
static void
keep_missing(struct events *events)
{
	json_t *kept = journal_entries(events->journal), *recent, *event;
	size_t n = json_array_size(kept), i;

	recent = events_recent(events, number_of(json_array_get(kept, n - 1)));
	json_array_foreach (recent, i, event)
		journal_append(events->journal, json_incref(event));
	json_decref(recent);
	json_decref(kept);
}

/* All of them, if somebody wants that. */
static void
keep_all(struct service *service)
{
	struct events *events = service->events;
	char path[PATH_MAX + 16];

	if (getenv("HOTSWAP_KEEP_EVENTS") == NULL)
		return;
	snprintf(path, sizeof(path), "%s/events", service->state);
	events->journal = journal_open(path, 0);
	if (events->journal != NULL)
		keep_missing(events);
}

void
events_open(struct service *service)
{
	hold_recent(service);
	keep_all(service);
}

void
events_observe(struct events *events, struct observer *observer)
{
	TAILQ_INSERT_TAIL(&events->observers, observer, entry);
}

void
events_forget(struct events *events, struct observer *observer)
{
	TAILQ_REMOVE(&events->observers, observer, entry);
}

/* The event as JSON; *new*. */
static json_t *
describe(const struct service *service, const char *name,
    const struct generation *generation, const char *message)
{
	const struct generation *active = service->active;
	char time[CLOCK_STAMP];
	json_t *event;

	clock_stamp(time);
	event = json_pack("{ss ss ss ss ss si}", "event", name, "time", time,
	    "name", service->options->name, "message", message, "state",
	    rollout_state_name(service->release.rollout.state), "active",
	    active != NULL ? (int)active->number : 0);
	if (event == NULL || generation == NULL)
		return event;
	json_object_set_new(
	    event, "generation", json_integer(generation->number));
	json_object_set_new(event, "share", json_integer(generation->share));
	if (generation->program != NULL)
		json_object_set_new(event, "pid",
		    json_integer(program_main(generation->program)));
	return event;
}

json_t *
events_recent(const struct events *events, json_int_t after)
{
	/* A higher number is of an earlier life of the service. */
	return event_log_read(
	    &events->log, after <= events->log.last ? after : 0);
}

void
events_emit(struct service *service, const char *name,
    const struct generation *generation, const char *fmt, ...)
{
	struct observer *observer, *next;
	char *words, *message;
	json_t *event;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&words, fmt, args);
	va_end(args);
	if (n == -1)
		return;
	if (generation != NULL)
		n = asprintf(
		    &message, "generation %u: %s", generation->number, words);
	else
		n = asprintf(&message, "%s", words);
	free(words);
	if (n == -1)
		return;
	state_changed(service);
	log_info("%s", message);
	event = describe(service, name, generation, message);
	free(message);
	if (event == NULL)
		return;
	event_log_add(&service->events->log, event, EVENTS_KEPT);
	chronicle_event(&service->release.chronicle, event);
	if (service->events->journal != NULL)
		journal_append(service->events->journal, json_incref(event));
	TAILQ_FOREACH_SAFE (
	    observer, &service->events->observers, entry, next) {
		if (observer->event != NULL)
			observer->event(event, observer->arg);
	}
	json_decref(event);
}

void
events_outcome(struct service *service, json_t *outcome)
{
	struct observer *observer, *next;

	TAILQ_FOREACH_SAFE (
	    observer, &service->events->observers, entry, next) {
		if (observer->outcome != NULL)
			observer->outcome(outcome, observer->arg);
	}
	json_decref(outcome);
}
