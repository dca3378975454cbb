/* SPDX-License-Identifier: ISC */
/*
 * Readiness.  With `auto` and `listen` a generation is ready when it has a
 * socket at each address at which the active one has.  The first generation is
 * ready when it has a socket at all and has bound no other one for a moment.  A
 * program that was passed its sockets has them from the start; the health check
 * shows when it accepts.
 */
#include "rollout/readiness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/service.h"
#include "generation/helper.h"
#include "generation/latecomers.h"
#include "generation/presence.h"
#include "generation/unseen.h"
#include "generation/wrap.h"

#define QUIET_MS 100 /* between two listen(2) of a starting server */

struct readiness {
	struct generation *generation;
	readiness_fn *fn;
	void *arg;
	struct event *timer;
	struct command *command;
	char trouble[HELPER_WHY]; /* why it did not exit 0 the last time */
};

static void begin_command(struct readiness *);

static void
readiness_tell(struct readiness *readiness)
{
	readiness->fn(readiness->generation, readiness->arg);
}

/* Is this an address at which the active one is reached, but not this one? */
static bool
lacks(const struct generation *generation, const struct listener *listener)
{
	const struct generation *active = generation->service->active;

	return active != NULL && presence_at(listener, active) &&
	    !presence_at(listener, generation) && !listener_is_gone(listener);
}

static bool
is_required(const struct service *service, const struct listener *listener)
{
	return !latecomers_may_miss(
	    service->active->latecomers, listener_address(listener));
}

/* Does it listen at every required address, and at one at all? */
static bool
is_listening(const struct generation *generation)
{
	const struct service *service = generation->service;
	const struct listener *listener;
	bool any = false, misses = service->active == NULL;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		any |= presence_at(listener, generation);
		if (!lacks(generation, listener))
			continue;
		if (is_required(service, listener))
			return false;
		misses = true;
	}
	return any || !misses || wrap_backend(generation->wrap) == SHIM_OFF;
}

/* How long to wait for addresses that are not required. */
static int64_t
patience_left(const struct generation *generation)
{
	const struct service *service = generation->service;
	const struct listener *listener;
	int64_t left = 0, one;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		if (!lacks(generation, listener))
			continue;
		one = latecomers_patience(service->active->latecomers,
		    listener_address(listener), generation->latecomers);
		if (one > left)
			left = one;
	}
	return left;
}

static void
wait_for(struct readiness *readiness, unsigned int ms)
{
	struct timeval delay = clock_interval(ms);

	evtimer_add(readiness->timer, &delay);
}

/* Waits only for the program's next listen(2), or for a time. */
static void
readiness_look_at_sockets(struct readiness *readiness)
{
	int64_t left;

	if (!is_listening(readiness->generation))
		return;
	if ((left = patience_left(readiness->generation)) > 0)
		wait_for(readiness, (unsigned int)left);
	else
		readiness_tell(readiness);
}

static void
expired(evutil_socket_t fd, short what, void *arg)
{
	static void (*const functions[])(struct readiness *) = {
		[READY_AUTO] = readiness_look_at_sockets,
		[READY_LISTEN] = readiness_look_at_sockets,
		[READY_EXEC] = begin_command,
		[READY_DELAY] = readiness_tell,
	};
	struct readiness *readiness = arg;

	functions[readiness->generation->service->options->ready.kind](
	    readiness);
}

static void
command_ended(const struct command_result *result, void *arg)
{
	struct readiness *readiness = arg;
	char how[COMMAND_DESCRIBE];

	readiness->command = NULL;
	if (result->status == 0) {
		readiness_tell(readiness);
		return;
	}
	command_describe(result, how);
	snprintf(readiness->trouble, sizeof(readiness->trouble), "%s%s%s", how,
	    result->last_line[0] != '\0' ? ": " : "", result->last_line);
	wait_for(readiness,
	    readiness->generation->service->options->health_interval_ms);
}

static void
begin_command(struct readiness *readiness)
{
	struct generation *generation = readiness->generation;
	const struct options *options = generation->service->options;
	struct helper helper = { .command = options->ready.command,
		.generation = generation->number,
		.pid = program_main(generation->program),
		.timeout_ms = options->health_timeout_ms };

	if (helper_start(generation->service, &helper, command_ended, readiness,
		&readiness->command, readiness->trouble,
		sizeof(readiness->trouble)) == -1)
		wait_for(readiness, options->health_interval_ms);
}

struct readiness *
readiness_start(struct generation *generation, readiness_fn *fn, void *arg)
{
	const struct ready_rule *rule = &generation->service->options->ready;
	struct readiness *readiness = calloc(1, sizeof(*readiness));

	if (readiness == NULL)
		return NULL;
	readiness->generation = generation;
	readiness->fn = fn;
	readiness->arg = arg;
	readiness->timer =
	    evtimer_new(generation->service->base, expired, readiness);
	if (readiness->timer == NULL) {
		free(readiness);
		return NULL;
	}
	if (rule->kind != READY_NOTIFY)
		wait_for(
		    readiness, rule->kind == READY_DELAY ? rule->delay_ms : 0);
	return readiness;
}

void
readiness_stop(struct readiness *readiness)
{
	if (readiness == NULL)
		return;
	if (readiness->command != NULL)
		command_cancel(readiness->command);
	event_free(readiness->timer);
	free(readiness);
}

void
readiness_said(struct readiness *readiness)
{
	enum ready_kind kind =
	    readiness->generation->service->options->ready.kind;

	if (kind != READY_NOTIFY && kind != READY_AUTO)
		return;
	evtimer_del(readiness->timer);
	readiness_tell(readiness);
}

void
readiness_look(struct readiness *readiness)
{
	const struct service *service = readiness->generation->service;
	enum ready_kind kind = service->options->ready.kind;

	if (kind == READY_AUTO || kind == READY_LISTEN)
		wait_for(readiness, service->active == NULL ? QUIET_MS : 0);
}

/*
 * The addresses at which one has a socket; if there is another, only the
 * required ones that it lacks.
 */
static void
list_addresses(const struct generation *has, const struct generation *other,
    char *buf, size_t size)
{
	const struct service *service = has->service;
	char text[ADDRESS_STRLEN];
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < service->nlisteners; i++) {
		if (!presence_at(service->listeners[i], has) ||
		    (other != NULL &&
			(!lacks(other, service->listeners[i]) ||
			    !is_required(service, service->listeners[i]))))
			continue;
		address_format(listener_address(service->listeners[i]), text);
		strlcat(buf, buf[0] != '\0' ? ", " : "", size);
		strlcat(buf, text, size);
	}
}

void
readiness_describe(const struct readiness *readiness, char *buf, size_t size)
{
	const struct generation *generation = readiness->generation;
	const struct generation *active = generation->service->active;
	enum ready_kind kind = generation->service->options->ready.kind;
	const char *trouble = wrap_trouble(generation->wrap);
	char own[256], missing[256], unseen[256] = "";

	buf[0] = '\0';
	if (kind == READY_EXEC && readiness->trouble[0] != '\0')
		snprintf(buf, size, ": --ready exec:%s: %s",
		    generation->service->options->ready.command,
		    readiness->trouble);
	if (kind != READY_AUTO && kind != READY_LISTEN)
		return;
	list_addresses(generation, NULL, own, sizeof(own));
	if (own[0] == '\0' && trouble[0] == '\0') {
		unseen_describe(generation, unseen, sizeof(unseen));
		trouble = unseen;
	}
	if (active == NULL) {
		snprintf(buf, size, ": it listens on no address%s%s%s",
		    trouble[0] != '\0' ? ": " : "", trouble,
		    unseen[0] != '\0' ? ""
				      : "; a program that never "
					"listens needs --ready T");
		return;
	}
	list_addresses(active, generation, missing, sizeof(missing));
	snprintf(buf, size,
	    ": it listens on %s; the active generation has "
	    "%s%s%s",
	    own[0] != '\0' ? own : "nothing", missing,
	    trouble[0] != '\0' ? "; " : "", trouble);
}
