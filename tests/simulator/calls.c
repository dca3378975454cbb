/* SPDX-License-Identifier: ISC */
/*
 * The control socket (control/control.h) and the calls on it (control/call.h).
 * A reply leaves when the loop waits again: a supervisor that is killed before
 * has not replied.
 */
#include "control/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "control/control.h"
#include "core/events.h"
#include "core/service.h"
#include "laws.h"
#include "world.h"

struct control {
	struct service *service;
	control_method *carry_out;
	int fd;
	struct event *event;
	struct observer observer;
};

struct call {
	struct service *service;
	int number; /* of the command */
	json_t *parameters;
	void (*ended)(void *arg);
	void *ended_arg;
};

static struct command_model *
command_of(int number)
{
	return &W->people.commands[number];
}

bool
people_wait(void)
{
	const struct command_model *c;
	int i;

	for (i = 0; i < W->people.next; i++) {
		c = command_of(i);
		if (c->said == UNSAID &&
		    ((c->given && !c->sent) || c->reply != UNSAID))
			return true;
	}
	return false;
}

/* CONTROL */

static json_t *
parameters_of(const struct command_model *c)
{
	json_t *p = json_object();
	char file[24];

	if (strcmp(c->method, "Split") == 0)
		json_object_set_new(p, "percent", json_integer(c->percent));
	else if (c->id[0] != '\0')
		json_object_set_new(p, "id", json_string(c->id));
	if (c->version == -1)
		return p;
	snprintf(file, sizeof(file), "/v%d", c->version);
	json_object_set_new(p, "arguments", json_pack("[s]", file));
	if (c->canary && !W->exclusive)
		json_object_set_new(
		    p, "options", json_pack("{ss}", "canary", "10,50"));
	return p;
}

static void
carry_out(struct control *control, int number)
{
	struct command_model *c = command_of(number);
	struct call *call = calloc(1, sizeof(*call));
	char method[64];

	/* Without memory it is read in a later turn. */
	if (call == NULL)
		return;
	c->sent = true;
	call->service = control->service;
	call->number = number;
	call->parameters = parameters_of(c);
	trace("command %d: %s %d", number, c->method, c->version);
	snprintf(
	    method, sizeof(method), "org.hotswap.Supervisor.%s", c->method);
	control->carry_out(call, method);
}

static void
deliver(int number)
{
	struct command_model *c = command_of(number);

	c->said = c->reply;
	trace("command %d: the answer is %s %s %s", number,
	    c->said == REPLIED	     ? "a reply"
		: c->said == REFUSED ? "a refusal"
				     : "a failure",
	    c->result, c->reason);
	laws_answer(number);
}

static void
serve(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;
	struct command_model *c;
	int i;

	control_flush(control);
	for (i = 0; i < W->people.next; i++) {
		c = command_of(i);
		if (c->said == UNSAID && c->given && !c->sent) {
			carry_out(control, i);
			return;
		}
	}
}

void
control_flush(struct control *control)
{
	int i;

	for (i = 0; i < W->people.next; i++)
		if (command_of(i)->said == UNSAID &&
		    command_of(i)->reply != UNSAID) {
			step("write");
			deliver(i);
		}
}

static void
hear_outcome(json_t *outcome, void *arg)
{
	laws_outcome(arg, outcome);
}

struct control *
control_new(struct service *service, const char *path, const char *group,
    int fd, control_method *carry)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return NULL;
	control->service = service;
	control->carry_out = carry;
	control->fd = fd != -1 ? fd : fd_new(object_new(CONTROL));
	control->event = event_new(
	    service->base, control->fd, EV_READ | EV_PERSIST, serve, control);
	control->observer.outcome = hear_outcome;
	control->observer.arg = service;
	if (control->event == NULL)
		return NULL;
	events_observe(service->events, &control->observer);
	event_add(control->event, NULL);
	laws_begin(service);
	return control;
}

int
control_renew(struct control *control)
{
	return 0;
}

int
control_fd(const struct control *control)
{
	return control->fd;
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	control_flush(control);
	events_forget(control->service->events, &control->observer);
	event_free(control->event);
	fd_close(&control->fd);
	free(control);
}

/* CALLS */

static void
finish(struct call *call)
{
	if (call->ended != NULL)
		call->ended(call->ended_arg);
	json_decref(call->parameters);
	free(call);
}

static void
note_outcome(struct command_model *c, const json_t *outcome)
{
	const char *result, *reason;
	int from, to, serves;

	if (json_unpack((json_t *)outcome, "{ss ss si si si}", "result",
		&result, "reason", &reason, "from", &from, "to", &to, "serves",
		&serves) == -1)
		return;
	strlcpy(c->result, result, sizeof(c->result));
	strlcpy(c->reason, reason, sizeof(c->reason));
	c->from = (unsigned int)from;
	c->to = (unsigned int)to;
	c->serves = (unsigned int)serves;
}

void
call_reply(struct call *call, json_t *parameters, bool continues)
{
	struct command_model *c = command_of(call->number);

	if (!continues) {
		c->reply = REPLIED;
		note_outcome(c, json_object_get(parameters, "outcome"));
	}
	json_decref(parameters);
	if (!continues)
		finish(call);
}

void
call_error(struct call *call, const char *name, json_t *parameters)
{
	struct command_model *c = command_of(call->number);
	const char *why =
	    json_string_value(json_object_get(parameters, "message"));

	c->reply = strcmp(name, "Refused") == 0 ? REFUSED : FAILED;
	strlcpy(c->reason, why != NULL ? why : name, sizeof(c->reason));
	json_decref(parameters);
	finish(call);
}

void
call_fail(struct call *call, const char *name, const char *message)
{
	call_error(call, name, json_pack("{ss}", "message", message));
}

void
call_keep(struct call *call, void (*ended)(void *), void *arg)
{
	call->ended = ended;
	call->ended_arg = arg;
}

struct service *
call_service(const struct call *call)
{
	return call->service;
}

const json_t *
call_parameters(const struct call *call)
{
	return call->parameters;
}

bool
call_wants_more(const struct call *call)
{
	return false;
}

pid_t
call_pid(const struct call *call)
{
	return 0;
}

bool
call_is_owner(const struct call *call)
{
	return true;
}
