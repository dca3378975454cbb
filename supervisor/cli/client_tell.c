/* SPDX-License-Identifier: ISC */
/*
 * The messages and exit statuses for the results of calls, and calls that tell
 * their errors themselves.
 */
#include "cli/client_tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/clock.h"
#include "cli/absence.h"
#include "cli/services.h"
#include "cli/tell.h"
#include "cli/waiting.h"

#define INTERFACE   "org.hotswap.Supervisor."
#define VARLINK	    "org.varlink.service."
#define FOR_OUTCOME (-2) /* wait as long as the supervisor answers */
#define AGAIN_MS    50	 /* from one look for a supervisor to the next */

/* The exit status for each Varlink error; key is the error's text. */
static const struct {
	const char *error, *key;
	enum exit_status status;
} errors[] = {
	{ INTERFACE "Refused", "message", STATUS_REFUSED },
	{ INTERFACE "Failed", "message", STATUS_FAILED },
	{ INTERFACE "Forgotten", "message", STATUS_SOFTWARE },
	{ INTERFACE "InvalidOption", "message", STATUS_CONFIG },
	{ INTERFACE "NotPermitted", "message", STATUS_NOPERM },
	{ VARLINK "InvalidParameter", "parameter", STATUS_USAGE },
};

static int
tell_connect(const char *name, int error)
{
	enum exit_status status;

	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		if (absence_tell(name, &status))
			return status;
		return tell(STATUS_UNAVAILABLE,
		    "no supervisor of \"%s\" runs (hotswap list shows the "
		    "services that run; hotswap start starts one)",
		    name);
	case EINVAL:
		return tell(
		    STATUS_USAGE, "\"%s\" is not a service's name", name);
	case EACCES:
		return tell(STATUS_NOPERM,
		    "%s: this user may not connect to the supervisor, which "
		    "belongs to another user: run hotswap as that user, or as "
		    "root",
		    name);
	case EPERM:
		return tell(STATUS_NOPERM,
		    "%s: the runtime directory cannot be trusted: it is a "
		    "symbolic link, belongs to another user, or others may "
		    "write to it",
		    name);
	case EAGAIN:
		if (absence_tell(name, &status))
			return status;
		return tell(STATUS_TIMEOUT,
		    "%s: the supervisor accepts no connection: it hangs or is "
		    "stopped",
		    name);
	default:
		return tell(STATUS_SOFTWARE,
		    "%s: cannot connect to the supervisor: %s", name,
		    strerror(error));
	}
}

static bool
runs(const char *name)
{
	struct client *client = client_connect(name);

	client_close(client);
	return client != NULL;
}

struct client *
client_open(const char *name, int *status)
{
	struct client *client;
	char *only = NULL;

	*status = STATUS_OK;
	if (name == NULL) {
		if ((*status = services_only(runs, &only)) != STATUS_OK)
			return NULL;
		name = only;
	}
	if ((client = client_connect(name)) == NULL)
		*status = tell_connect(name, errno);
	free(only);
	return client;
}

/* Nobody of this name has come; what is known of it is told. */
static int
tell_nobody_came(const char *name)
{
	enum exit_status status;

	if (!absence_tell(name, &status))
		tell(STATUS_TIMEOUT,
		    "%s: there is still no supervisor (hotswap start starts "
		    "one; hotswap list shows the services that run)",
		    name);
	return STATUS_TIMEOUT;
}

struct client *
client_await(const char *name, int64_t deadline, int *status)
{
	enum waited waited = WAITED_DEADLINE;
	struct client *client;

	*status = STATUS_OK;
	while ((client = client_connect(name)) == NULL &&
	    (errno == ENOENT || errno == ECONNREFUSED)) {
		if (clock_ms() < deadline && waited == WAITED_DEADLINE) {
			waited = waiting_for(
			    -1, MIN(deadline, clock_ms() + AGAIN_MS));
			continue;
		}
		*status = tell_nobody_came(name);
		return NULL;
	}
	if (client == NULL)
		*status = tell_connect(name, errno);
	return client;
}

int
client_tell_error(
    const struct client *client, const struct client_message *message)
{
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (strcmp(message->error, errors[i].error) != 0)
			continue;
		text = json_string_value(
		    json_object_get(message->parameters, errors[i].key));
		if (text == NULL)
			text = "no reason given";
		return tell(errors[i].status,
		    errors[i].status == STATUS_USAGE
			? "%s: the supervisor does not accept this value of "
			  "the parameter \"%s\""
			: "%s: %s",
		    client_name(client), text);
	}
	return tell(STATUS_SOFTWARE,
	    "%s: the supervisor answered with the error %s; it may be of "
	    "another version (hotswap status shows the version)",
	    client_name(client), message->error);
}

int
client_tell_silence(const struct client *client, enum client_got got)
{
	const char *name = client_name(client);
	enum exit_status status;

	switch (got) {
	case GOT_DEADLINE:
		if (!client_has_answer(client) && absence_tell(name, &status))
			return status;
		return tell(STATUS_TIMEOUT,
		    "%s: the supervisor has not answered in time", name);
	case GOT_INTERRUPT:
		return tell(STATUS_TIMEOUT,
		    "%s: this command no longer waits; what it asked for goes "
		    "on (hotswap status %s shows it)",
		    name, name);
	case GOT_LOST:
		if (absence_tell(name, &status))
			return status;
		return tell(STATUS_SOFTWARE,
		    "%s: the supervisor has died, and no other one has "
		    "answered for %d s; its log tells why; the programs may "
		    "still run",
		    name, CLIENT_SILENT_MS / 1000);
	default:
		break;
	}
	if (client_is_abandoned(client))
		return tell(STATUS_UNAVAILABLE,
		    "%s: the supervisor has ended, and there is no other",
		    name);
	if (client_is_refused(client))
		return tell(STATUS_NOPERM,
		    "%s: the supervisor, which runs as user %u, does not "
		    "answer this user (--control-group permits the members of "
		    "a group)",
		    name, client_owner(client));
	/* It had ended before, and its socket was still open. */
	if (!runs(name))
		return tell_connect(name, errno);
	return tell(STATUS_SOFTWARE,
	    "%s: the supervisor closed the connection before it answered; "
	    "hotswap status %s tells whether it runs, its log tells why it "
	    "ended",
	    name, name);
}

/* The supervisor may take its time for one call: does it answer another? */
static bool
answers_meanwhile(const char *name)
{
	struct client *other = client_connect(name);
	struct client_message message = { 0 };
	bool answers;

	answers = other != NULL &&
	    client_call(other, "Status", NULL, false) == 0 &&
	    client_receive(other, waiting_deadline(CLIENT_PROMPT_MS),
		&message) == GOT_REPLY;
	client_message_fini(&message);
	client_close(other);
	return answers;
}

static enum client_got
receive_outcome(struct client *client, struct client_message *message)
{
	const char *name = client_name(client);
	bool told = false;
	enum client_got got;

	while ((got = client_receive(client, waiting_deadline(CLIENT_PROMPT_MS),
		    message)) == GOT_DEADLINE &&
	    answers_meanwhile(name)) {
		if (!told)
			tell(STATUS_OK,
			    "%s: the rollout has not ended yet; this command "
			    "waits for it (hotswap status %s shows it)",
			    name, name);
		told = true;
	}
	return got;
}

static int
ask(const char *name, const char *method, json_t *arguments, int64_t timeout_ms,
    json_t **parameters)
{
	struct client_message message;
	enum client_got got = GOT_END;
	struct client *client;
	int status;

	if ((client = client_open(name, &status)) == NULL) {
		json_decref(arguments);
		return status;
	}
	if (client_call(client, method, arguments, false) == 0)
		got = timeout_ms == FOR_OUTCOME
		    ? receive_outcome(client, &message)
		    : client_receive(
			  client, waiting_deadline(timeout_ms), &message);
	if (got == GOT_REPLY)
		*parameters = json_incref(message.parameters);
	else if (got == GOT_ERROR)
		status = client_tell_error(client, &message);
	else
		status = client_tell_silence(client, got);
	if (got == GOT_REPLY || got == GOT_ERROR)
		client_message_fini(&message);
	client_close(client);
	return status;
}

int
client_ask(const char *name, const char *method, json_t *arguments,
    int64_t timeout_ms, json_t **parameters)
{
	return ask(name, method, arguments, timeout_ms, parameters);
}

int
client_ask_outcome(const char *name, const char *method, json_t **parameters)
{
	return ask(name, method, NULL, FOR_OUTCOME, parameters);
}
