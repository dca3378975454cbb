/* SPDX-License-Identifier: ISC */
/*
 * Calls that last.  Each has a waiter, which observes events and is released
 * when the call ends.
 */
#include "control/waiting.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/call.h"
#include "control/reexec.h"
#include "core/events.h"
#include "core/service.h"
#include "rollout/hooks.h"

struct waiter {
	struct observer observer;
	struct call *call;
	bool (*holds)(const struct service *); /* in wait_for_condition */
};

static void
waiter_free(void *arg)
{
	struct waiter *waiter = arg;

	events_forget(call_service(waiter->call)->events, &waiter->observer);
	free(waiter);
}

static struct waiter *
waiter_new(struct call *call, void (*event)(json_t *, void *),
    void (*outcome)(json_t *, void *))
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (waiter == NULL)
		return NULL;
	waiter->call = call;
	waiter->observer.event = event;
	waiter->observer.outcome = outcome;
	waiter->observer.arg = waiter;
	events_observe(call_service(call)->events, &waiter->observer);
	call_keep(call, waiter_free, waiter);
	return waiter;
}

static void
pass_event(json_t *event, void *arg)
{
	struct waiter *waiter = arg;

	if (call_wants_more(waiter->call))
		call_reply(
		    waiter->call, json_pack("{sO}", "event", event), true);
}

static void
pass_outcome(json_t *outcome, void *arg)
{
	struct waiter *waiter = arg;

	if (outcome != NULL)
		call_reply(
		    waiter->call, json_pack("{sO}", "outcome", outcome), false);
	else
		call_fail(waiter->call, "Forgotten", CALL_FORGOTTEN);
}

int
wait_for_outcome(struct call *call)
{
	return waiter_new(call, pass_event, pass_outcome) != NULL ? 0 : -1;
}

static void
pass_reexec(json_t *event, void *arg)
{
	struct waiter *waiter = arg;
	const struct service *service = call_service(waiter->call);

	if (reexec_is_under_way(service))
		pass_event(event, arg);
	else
		reexec_answer(service, waiter->call);
}

int
wait_for_reexec(struct call *call)
{
	return waiter_new(call, pass_reexec, NULL) != NULL ? 0 : -1;
}

int
wait_for_events(struct call *call)
{
	return waiter_new(call, pass_event, NULL) != NULL ? 0 : -1;
}

static bool
is_ready(const struct service *service)
{
	return service->active != NULL;
}

static bool
is_idle(const struct service *service)
{
	return service->active != NULL &&
	    service->release.rollout.state == ROLLOUT_IDLE;
}

static bool
only_left(const struct service *service, const struct generation *last)
{
	const struct generation *generation;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation != last && generation->program != NULL)
			return false;
	}
	return true;
}

static bool
is_drained(const struct service *service)
{
	return is_idle(service) && only_left(service, service->active);
}

static bool
is_stopped(const struct service *service)
{
	return service->ending && only_left(service, NULL) &&
	    hooks_are_idle(service->hooks);
}

static const struct {
	const char *name; /* NULL: users cannot wait for it */
	bool (*holds)(const struct service *);
} conditions[] = {
	[WAIT_READY] = { "ready", is_ready },
	[WAIT_IDLE] = { "idle", is_idle },
	[WAIT_DRAINED] = { "drained", is_drained },
	[WAIT_STOPPED] = { NULL, is_stopped },
};

int
wait_find(const char *name, enum wait_condition *condition)
{
	size_t i;

	for (i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		if (conditions[i].name != NULL &&
		    strcmp(conditions[i].name, name) == 0) {
			*condition = i;
			return 0;
		}
	}
	return -1;
}

/* Something has happened: check whether the condition holds now. */
static void
look_again(json_t *what, void *arg)
{
	struct waiter *waiter = arg;

	if (waiter->holds(call_service(waiter->call)))
		call_reply(waiter->call, NULL, false);
}

int
wait_for_condition(struct call *call, enum wait_condition condition)
{
	struct waiter *waiter;

	if (conditions[condition].holds(call_service(call))) {
		call_reply(call, NULL, false);
		return 0;
	}
	if ((waiter = waiter_new(call, look_again, look_again)) == NULL)
		return -1;
	waiter->holds = conditions[condition].holds;
	return 0;
}
