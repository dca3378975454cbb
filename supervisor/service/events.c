/* SPDX-License-Identifier: ISC */
/*
 * What happened: each event is logged, kept for a while and told to all who
 * observe.
 */
#include "service/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/recovery.h"
#include "service/service.h"

void
events_init(struct events *events)
{
	TAILQ_INIT(&events->observers);
	events->recent = json_array();
}

void
events_fini(struct events *events)
{
	json_decref(events->recent);
	events->recent = NULL;
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
	char time[CLOCK_STAMP];
	json_t *event;

	clock_stamp(time);
	event = json_pack("{ss ss ss ss}", "event", name, "time", time, "name",
	    service->options->name, "message", message);
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

/* As text: as objects they would have six times its size. */
static void
keep(struct events *events, const json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT);

	if (text == NULL)
		return;
	if (json_array_size(events->recent) >= EVENTS_KEPT)
		json_array_remove(events->recent, 0);
	json_array_append_new(events->recent, json_string(text));
	free(text);
}

size_t
events_count(const struct events *events)
{
	return json_array_size(events->recent);
}

json_t *
events_get(const struct events *events, size_t i)
{
	const json_t *text = json_array_get(events->recent, i);

	return text != NULL ? json_loads(json_string_value(text), 0, NULL)
			    : NULL;
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
	recovery_save(service);
	log_info("%s", message);
	event = describe(service, name, generation, message);
	free(message);
	if (event == NULL)
		return;
	keep(&service->events, event);
	TAILQ_FOREACH_SAFE (observer, &service->events.observers, entry, next) {
		if (observer->event != NULL)
			observer->event(event, observer->arg);
	}
	json_decref(event);
}

void
events_outcome(struct service *service, json_t *outcome)
{
	struct observer *observer, *next;

	TAILQ_FOREACH_SAFE (observer, &service->events.observers, entry, next) {
		if (observer->outcome != NULL)
			observer->outcome(outcome, observer->arg);
	}
	json_decref(outcome);
}
