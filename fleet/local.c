/* SPDX-License-Identifier: ISC */
#include "fleet/local.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/client.h"

#define PATIENCE_MS 10000 /* for a successor of a supervisor that has died */

static void
set(struct local_outcome *outcome, enum local_state state, const char *reason)
{
	outcome->state = state;
	strlcpy(outcome->reason, reason, sizeof(outcome->reason));
}

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "";
}

static void
take_outcome(struct local_outcome *outcome, const json_t *json)
{
	json_int_t to = json_integer_value(json_object_get(json, "to"));

	outcome->from = json_integer_value(json_object_get(json, "from"));
	/* That is so of an upgrade and of a rollback. */
	if (to != 0 &&
	    json_integer_value(json_object_get(json, "serves")) == to)
		set(outcome, LOCAL_PROMOTED, "");
	else
		set(outcome, LOCAL_FAILED, text(json, "reason"));
}

/* Make a call, and wait for its reply.  *Steals* parameters. */
static enum client_got
ask(const char *service, const char *method, json_t *parameters, int64_t ms,
    struct client_message *message)
{
	struct client *client = client_connect(service);
	enum client_got got = GOT_LOST;

	memset(message, 0, sizeof(*message));
	if (client == NULL) {
		json_decref(parameters);
		return GOT_END;
	}
	client_persist(client, PATIENCE_MS);
	if (client_call(client, method, parameters, false) == 0)
		got = client_receive(client, clock_ms() + ms, message);
	client_close(client);
	return got;
}

static void
take_reply(enum client_got got, const struct client_message *message,
    struct local_outcome *outcome)
{
	const json_t *json;

	switch (got) {
	case GOT_REPLY:
		json = json_object_get(message->parameters, "outcome");
		if (json != NULL)
			take_outcome(outcome, json);
		else
			set(outcome, LOCAL_RUNNING, "");
		break;
	case GOT_ERROR:
		set(outcome, LOCAL_REFUSED,
		    text(message->parameters, "message"));
		if (outcome->reason[0] == '\0')
			set(outcome, LOCAL_REFUSED, message->error);
		break;
	case GOT_DEADLINE:
		set(outcome, LOCAL_RUNNING, "");
		break;
	default:
		set(outcome, LOCAL_AWAY,
		    "no supervisor of the service answers");
	}
}

void
local_find(const char *service, const char *id, struct local_outcome *outcome)
{
	struct client_message message;
	enum client_got got;
	const char *state;

	memset(outcome, 0, sizeof(*outcome));
	got = ask(service, "Find", json_pack("{ss}", "id", id),
	    CLIENT_PROMPT_MS, &message);
	take_reply(got, &message, outcome);
	state = text(message.parameters, "state");
	if (got == GOT_DEADLINE)
		set(outcome, LOCAL_AWAY, "the supervisor does not answer");
	else if (got == GOT_REPLY && strcmp(state, "unknown") == 0)
		set(outcome, LOCAL_UNKNOWN, "");
	client_message_fini(&message);
}

/* *Steals* parameters. */
static void
carry_out(const char *service, const char *method, json_t *parameters,
    int64_t ms, struct local_outcome *outcome)
{
	struct client_message message;
	enum client_got got;

	memset(outcome, 0, sizeof(*outcome));
	got = ask(service, method, parameters, ms, &message);
	take_reply(got, &message, outcome);
	client_message_fini(&message);
}

void
local_upgrade(const char *service, const char *id, const char *exe, int64_t ms,
    struct local_outcome *outcome)
{
	carry_out(service, "Upgrade",
	    json_pack("{ss ss}", "id", id, "exe", exe), ms, outcome);
}

void
local_rollback(const char *service, const char *id, int64_t generation,
    int64_t ms, struct local_outcome *outcome)
{
	json_t *parameters = json_pack("{ss}", "id", id);

	if (generation > 0)
		json_object_set_new(parameters, "to", json_integer(generation));
	carry_out(service, "Rollback", parameters, ms, outcome);
}

bool
local_serves(const char *service)
{
	struct client_message message;
	const json_t *status;
	bool serves = false;

	if (ask(service, "Status", NULL, CLIENT_PROMPT_MS, &message) ==
	    GOT_REPLY) {
		status = json_object_get(message.parameters, "status");
		serves =
		    json_integer_value(json_object_get(status, "active")) > 0;
	}
	client_message_fini(&message);
	return serves;
}
