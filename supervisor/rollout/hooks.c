/* SPDX-License-Identifier: ISC */
/*
 * Hooks: a queue of commands, the first of which runs.  The variables of a
 * command are set when its event happens, because another generation may be
 * under way when the command runs.
 */
#include "rollout/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"
#include "config/options.h"
#include "core/events.h"
#include "core/service.h"
#include "generation/generations.h"
#include "generation/check_source.h"
#include "generation/health.h"
#include "generation/helper.h"

/* A command and its variables. */
struct hook {
	STAILQ_ENTRY(hook) entry;
	char *command;
	char *label; /* `hook promoted` */
	char **variables;
	unsigned int generation; /* 0: no generation */
	pid_t pid;
};

struct hooks {
	struct service *service;
	struct observer observer;
	STAILQ_HEAD(, hook) waiting;
	size_t n; /* hooks that wait */
	struct hook *running;
	struct command *command;  /* of the running hook */
	struct event *next;	  /* begins the next hook */
	struct event *end;	  /* timer of HOOKS_LAST_MS */
	hooks_finished *finished; /* NULL: nobody waits for the end */
};

static void
hook_free(struct hook *hook)
{
	if (hook == NULL)
		return;
	free(hook->command);
	free(hook->label);
	strings_free(hook->variables);
	free(hook);
}

/* HOTSWAP_EVENT and the other variables that only hooks have; *new*. */
static char **
describe(const struct hooks *hooks, const json_t *event)
{
	const struct generation *generation;
	char source[CHECK_SOURCE] = "";
	char **list = calloc(5, sizeof(*list));
	unsigned int number;
	bool ok;

	number = json_integer_value(json_object_get(event, "generation"));
	generation = generation_find(hooks->service, number);
	if (generation != NULL)
		check_source(generation, "", source);
	ok = list != NULL &&
	    asprintf(&list[0], "HOTSWAP_EVENT=%s",
		json_string_value(json_object_get(event, "event"))) != -1 &&
	    asprintf(&list[1], "HOTSWAP_SHARE=%d",
		(int)json_integer_value(json_object_get(event, "share"))) !=
		-1 &&
	    asprintf(&list[2], "HOTSWAP_REASON=%s",
		json_string_value(json_object_get(event, "message"))) != -1 &&
	    asprintf(&list[3], "HOTSWAP_PROBE_SOURCE=%s", source) != -1;
	if (ok)
		return list;
	strings_free(list);
	return NULL;
}

static struct hook *
hook_new(const struct hooks *hooks, const char *command, const json_t *event)
{
	struct hook *hook = calloc(1, sizeof(*hook));

	if (hook == NULL)
		return NULL;
	hook->generation =
	    json_integer_value(json_object_get(event, "generation"));
	hook->pid = json_integer_value(json_object_get(event, "pid"));
	hook->command = strdup(command);
	hook->variables = describe(hooks, event);
	if (asprintf(&hook->label, "hook %s",
		json_string_value(json_object_get(event, "event"))) == -1)
		hook->label = NULL;
	if (hook->command == NULL || hook->variables == NULL ||
	    hook->label == NULL) {
		hook_free(hook);
		return NULL;
	}
	return hook;
}

/* Begins from the loop, because the emitter of an event is not finished. */
static void
begin_soon(struct hooks *hooks)
{
	struct timeval now = { 0, 0 };

	if (hooks->running == NULL)
		evtimer_add(hooks->next, &now);
}

static void
add(struct hooks *hooks, const char *command, const json_t *event)
{
	struct hook *hook = NULL;

	if (hooks->n < HOOKS_MAX)
		hook = hook_new(hooks, command, event);
	if (hook == NULL) {
		log_warn("hook: %s: the command was not run: %s", command,
		    hooks->n < HOOKS_MAX ? strerror(errno)
					 : "too many hooks are waiting");
		return;
	}
	STAILQ_INSERT_TAIL(&hooks->waiting, hook, entry);
	hooks->n++;
	begin_soon(hooks);
}

static void
on_event(json_t *event, void *arg)
{
	struct hooks *hooks = arg;
	const char *name = json_string_value(json_object_get(event, "event"));
	const char *command;
	char **hook;
	size_t len;

	for (hook = hooks->service->options->hook; *hook != NULL; hook++) {
		command = options_hook_command(*hook, &len);
		if (command != NULL && strlen(name) == len &&
		    strncmp(*hook, name, len) == 0)
			add(hooks, command, event);
	}
}

/* The running hook has ended; begin the next one. */
static void
end_running(struct hooks *hooks)
{
	hook_free(hooks->running);
	hooks->running = NULL;
	hooks->command = NULL;
	if (hooks->n > 0)
		begin_soon(hooks);
	else if (hooks->finished != NULL)
		hooks->finished(hooks->service);
}

static void
tell_failure(struct hooks *hooks, const char *how, const char *last_line)
{
	const struct hook *hook = hooks->running;

	events_emit(hooks->service, "hook-failed",
	    generation_find(hooks->service, hook->generation), "%s: %s: %s%s%s",
	    hook->label, hook->command, how, last_line[0] != '\0' ? ": " : "",
	    last_line);
}

static void
command_ended(const struct command_result *result, void *arg)
{
	struct hooks *hooks = arg;
	char how[COMMAND_DESCRIBE];

	command_describe(result, how);
	if (result->status != 0)
		tell_failure(hooks, how, result->last_line);
	end_running(hooks);
}

static void
begin_next(evutil_socket_t fd, short what, void *arg)
{
	struct hooks *hooks = arg;
	struct hook *hook = STAILQ_FIRST(&hooks->waiting);
	struct helper helper;
	char why[HELPER_WHY];

	STAILQ_REMOVE_HEAD(&hooks->waiting, entry);
	hooks->n--;
	hooks->running = hook;
	helper = (struct helper){ .command = hook->command,
		.generation = hook->generation,
		.pid = hook->pid,
		.extra = (const char *const *)hook->variables,
		.timeout_ms = HOOKS_EACH_MS,
		.log_as = hook->label };
	if (helper_start(hooks->service, &helper, command_ended, hooks,
		&hooks->command, why, sizeof(why)) == 0)
		return;
	tell_failure(hooks, "cannot be started", why);
	end_running(hooks);
}

/* Kill the running hook, forget those that wait. */
static void
give_up(struct hooks *hooks)
{
	struct hook *hook;

	if (hooks->command != NULL)
		command_cancel(hooks->command);
	hooks->command = NULL;
	hook_free(hooks->running);
	hooks->running = NULL;
	while ((hook = STAILQ_FIRST(&hooks->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&hooks->waiting, entry);
		hook_free(hook);
	}
	hooks->n = 0;
	evtimer_del(hooks->next);
}

static void
end_expired(evutil_socket_t fd, short what, void *arg)
{
	struct hooks *hooks = arg;

	log_warn("%zu hooks are given up: the service has ended",
	    hooks->n + (hooks->running != NULL));
	give_up(hooks);
	hooks->finished(hooks->service);
}

struct hooks *
hooks_new(struct service *service)
{
	struct hooks *hooks = calloc(1, sizeof(*hooks));

	if (hooks == NULL)
		return NULL;
	hooks->service = service;
	STAILQ_INIT(&hooks->waiting);
	hooks->next = evtimer_new(service->base, begin_next, hooks);
	hooks->end = evtimer_new(service->base, end_expired, hooks);
	hooks->observer.event = on_event;
	hooks->observer.arg = hooks;
	events_observe(service->events, &hooks->observer);
	if (hooks->next == NULL || hooks->end == NULL) {
		hooks_free(hooks);
		errno = ENOMEM;
		return NULL;
	}
	return hooks;
}

void
hooks_free(struct hooks *hooks)
{
	if (hooks == NULL)
		return;
	events_forget(hooks->service->events, &hooks->observer);
	if (hooks->next != NULL) {
		give_up(hooks);
		event_free(hooks->next);
	}
	if (hooks->end != NULL)
		event_free(hooks->end);
	free(hooks);
}

bool
hooks_are_idle(const struct hooks *hooks)
{
	return hooks->running == NULL && hooks->n == 0;
}

void
hooks_finish(struct hooks *hooks, hooks_finished *finished)
{
	struct timeval delay = clock_interval(HOOKS_LAST_MS);

	if (hooks->finished != NULL)
		return;
	hooks->finished = finished;
	evtimer_add(hooks->end, &delay);
}
