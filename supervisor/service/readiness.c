/* SPDX-License-Identifier: ISC */
/*
 * When is a generation ready to be checked?  A program that was passed its
 * sockets is listening from the first instant, so that `auto` and `listen`
 * leave it to the health check to say when it accepts.
 */
#include "service/readiness.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "service/helper.h"
#include "service/service.h"

struct readiness {
	struct generation *generation;
	readiness_fn *fn;
	void *arg;
	struct event *timer;
	struct command *command;
};

static void begin_command(struct readiness *);

static void
expired(evutil_socket_t fd, short what, void *arg)
{
	struct readiness *readiness = arg;

	if (readiness->generation->service->options->ready.kind == READY_EXEC)
		begin_command(readiness);
	else
		readiness->fn(readiness->generation, readiness->arg);
}

static void
wait_for(struct readiness *readiness, unsigned int ms)
{
	struct timeval delay = clock_interval(ms);

	evtimer_add(readiness->timer, &delay);
}

static void
command_ended(const struct command_result *result, void *arg)
{
	struct readiness *readiness = arg;

	readiness->command = NULL;
	if (WIFEXITED(result->status) && WEXITSTATUS(result->status) == 0)
		readiness->fn(readiness->generation, readiness->arg);
	else
		wait_for(readiness,
		    readiness->generation->service->options
			->health_interval_ms);
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

	readiness->command = helper_start(
	    generation->service, &helper, command_ended, readiness);
	if (readiness->command == NULL)
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
	readiness->fn(readiness->generation, readiness->arg);
}
