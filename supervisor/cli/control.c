/* SPDX-License-Identifier: ISC */
/*
 * The commands that are one call and one answer: promote, abort, split,
 * signal, wait, stop; and probe, which asks no supervisor at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/client.h"
#include "cli/client_tell.h"
#include "cli/field.h"
#include "cli/tell.h"
#include "cli/waiting.h"
#include "process/parts.h"
#include "settings.h"

/* How long a supervisor may take to end after all is stopped. */
#define END_MS 10000

/* Promote or abort a rollout; the reply is its outcome. */
static int
decide(const struct arguments *arguments, const char *method)
{
	const json_t *outcome;
	json_t *reply = NULL;
	char serving[FIELD_SERVING];
	int status;

	status = client_ask_outcome(arguments->name, method, &reply);
	if (status != STATUS_OK)
		return status;
	outcome = field_object(reply, "outcome");
	tell(STATUS_OK, "%s: %s: %s", field_string(outcome, "name"),
	    field_string(outcome, "result"),
	    field_serving(serving, outcome,
		strcmp(method, "Promote") == 0 ? "to" : "from"));
	json_decref(reply);
	return STATUS_OK;
}

int
cli_promote(const struct arguments *arguments)
{
	return decide(arguments, "Promote");
}

int
cli_abort(const struct arguments *arguments)
{
	return decide(arguments, "Abort");
}

int
cli_split(const struct arguments *arguments)
{
	const char *text = arguments->operand;
	size_t digits = strspn(text, "0123456789");
	json_t *reply = NULL;
	int status;

	if (digits == 0 || digits > 3 || text[digits] != '\0' ||
	    atoi(text) > 100)
		return tell(STATUS_USAGE,
		    "\"%s\" is not a percentage (0 to 100)", text);
	status = client_ask(arguments->name, "Split",
	    json_pack("{si}", "percent", atoi(text)), CLIENT_PROMPT_MS, &reply);
	json_decref(reply);
	return status;
}

int
cli_signal(const struct arguments *arguments)
{
	json_t *reply = NULL;
	int status;

	if (options_signal(arguments->operand) == -1)
		return tell(STATUS_USAGE,
		    "\"%s\" is not a signal (HUP, SIGHUP or 1)",
		    arguments->operand);
	status = client_ask(arguments->name, "Signal",
	    json_pack("{ss}", "signal", arguments->operand), CLIENT_PROMPT_MS,
	    &reply);
	json_decref(reply);
	return status;
}

/* Only a named service that is waited for with a bound may be yet to come. */
static struct client *
open_awaited(const struct arguments *arguments, int64_t deadline, int *status)
{
	if (arguments->name == NULL || deadline == WAITING_FOREVER)
		return client_open(arguments->name, status);
	return client_await(arguments->name, deadline, status);
}

int
cli_wait(const struct arguments *arguments)
{
	struct client_message message = { 0 };
	enum client_got got = GOT_END;
	struct client *client;
	json_t *parameters;
	int64_t deadline;
	int status;

	if (arguments->state == NULL)
		return tell(
		    STATUS_USAGE, "--for is missing: ready, idle or drained");
	waiting_arm();
	deadline = waiting_deadline(arguments->timeout_ms);
	if ((client = open_awaited(arguments, deadline, &status)) == NULL)
		return status;
	parameters = json_pack("{ss}", "for", arguments->state);
	client_persist(client, CLIENT_PATIENCE_MS);
	if (client_call(client, "Wait", parameters, false) == 0)
		got = client_receive(client, deadline, &message);
	if (got == GOT_ERROR)
		status = client_tell_error(client, &message);
	else if (got == GOT_DEADLINE || got == GOT_INTERRUPT)
		status = tell(STATUS_TIMEOUT,
		    "%s: the service is still not %s (hotswap status %s shows "
		    "why)",
		    client_name(client), arguments->state, client_name(client));
	else if (got != GOT_REPLY)
		status = client_tell_silence(client, got);
	client_message_fini(&message);
	client_close(client);
	return status;
}

/*
 * Wait for the end of the connection, which is the end of the supervisor: the
 * next `start` must find the name free.
 */
static int
wait_for_end(struct client *client, int64_t deadline)
{
	struct client_message message;
	enum client_got got;
	bool stopped = false;
	int status;

	for (;;) {
		got = client_receive(client, deadline, &message);
		if (got == GOT_REPLY) {
			stopped = true;
			client_message_fini(&message);
			deadline = clock_ms() + END_MS;
		} else if (got == GOT_ERROR) {
			status = client_tell_error(client, &message);
			client_message_fini(&message);
			return status;
		} else if (got == GOT_END && !client_is_refused(client))
			return STATUS_OK;
		else if (stopped)
			return tell(STATUS_SOFTWARE,
			    "%s: all programs have ended, but the supervisor "
			    "does not end",
			    client_name(client));
		else if (got == GOT_END || got == GOT_LOST)
			return client_tell_silence(client, got);
		else
			return tell(STATUS_TIMEOUT,
			    "%s: the service has not stopped yet; the stop "
			    "goes on (hotswap stop %s --now stops it at once)",
			    client_name(client), client_name(client));
	}
}

int
cli_stop(const struct arguments *arguments)
{
	struct client *client;
	json_t *parameters;
	int status;

	if ((client = client_open(arguments->name, &status)) == NULL)
		return status;
	waiting_arm();
	parameters = json_pack("{sb}", "now", arguments->now);
	client_persist(client, 0);
	if (client_call(client, "Stop", parameters, false) == -1)
		status = client_tell_silence(client, GOT_END);
	else
		status = wait_for_end(
		    client, waiting_deadline(arguments->timeout_ms));
	client_close(client);
	return status;
}

int
cli_probe(const struct arguments *arguments)
{
	const char *path = parts_path(PART_PROBER);

	execl(path, "hotswap-probe", arguments->operand, (char *)NULL);
	return tell(STATUS_SOFTWARE,
	    "cannot execute the prober %s: %s; the prober must be beside "
	    "hotswap, or in %s",
	    path, strerror(errno), HOTSWAP_LIBEXECDIR);
}
