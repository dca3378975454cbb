/* SPDX-License-Identifier: ISC */
/*
 * history and events: what has happened, as the supervisor tells it.  history
 * also reads the file of a service whose supervisor has ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "cli/commands.h"
#include "cli/client.h"
#include "cli/client_tell.h"
#include "cli/field.h"
#include "cli/render.h"
#include "cli/tell.h"
#include "cli/waiting.h"
#include "keep/journal.h"

#define SHARES_MAX 256

static enum paint
paint_of(const char *result)
{
	return strcmp(result, "promoted") == 0 ? PAINT_GOOD : PAINT_BAD;
}

/* The shares of the candidate in turn: `5,25,100`; `-` if it got none. */
static void
describe_shares(const json_t *outcome, char text[static SHARES_MAX])
{
	const json_t *phases = field_list(outcome, "phases"), *phase;
	char share[32];
	const char *name;
	size_t i;

	text[0] = '\0';
	json_array_foreach (phases, i, phase) {
		name = field_string(phase, "phase");
		if (strcmp(name, "shift") != 0 && strcmp(name, "bake") != 0)
			continue;
		snprintf(share, sizeof(share), "%s%lld",
		    text[0] != '\0' ? "," : "",
		    strcmp(name, "bake") == 0
			? 100LL
			: (long long)field_number(phase, "share"));
		strlcat(text, share, SHARES_MAX);
	}
	if (text[0] == '\0')
		strlcpy(text, "-", SHARES_MAX);
}

static void
print_table(const json_t *outcomes)
{
	static const struct column columns[] = {
		{ "STARTED", false, FIT_KEEP },
		{ "RESULT", false, FIT_KEEP },
		{ "FROM", true, FIT_KEEP },
		{ "TO", true, FIT_KEEP },
		{ "TOOK", true, FIT_KEEP },
		{ "SHARES", false, FIT_CUT_TAIL },
		{ "REASON", false, FIT_WRAP },
	};
	struct table *table = table_new(columns, 7);
	char took[RENDER_TIME], shares[SHARES_MAX];
	const json_t *outcome;
	const char *result;
	size_t i;

	if (table == NULL)
		return;
	json_array_foreach (outcomes, i, outcome) {
		result = field_string(outcome, "result");
		render_duration(took, field_number(outcome, "duration_ms"));
		/* No milliseconds: the reason needs the room. */
		table_cell(table, PAINT_NONE, "%.19sZ",
		    field_string(outcome, "started"));
		table_cell(table, paint_of(result), "%s", result);
		table_cell(table, PAINT_NONE, "%lld",
		    (long long)field_number(outcome, "from"));
		table_cell(table, PAINT_NONE, "%lld",
		    (long long)field_number(outcome, "to"));
		table_cell(table, PAINT_NONE, "%s", took);
		describe_shares(outcome, shares);
		table_cell(table, PAINT_NONE, "%s", shares);
		table_cell(
		    table, PAINT_NONE, "%s", field_string(outcome, "reason"));
	}
	table_print(
	    table, stdout, render_width(stdout), render_colours(stdout));
	table_free(table);
}

static void
print_outcomes(const struct arguments *arguments, const json_t *outcomes)
{
	const json_t *outcome;
	size_t i;

	if (arguments->json)
		json_array_foreach (outcomes, i, outcome)
			field_print_line(outcome);
	else if (json_array_size(outcomes) > 0)
		print_table(outcomes);
	else
		tell(STATUS_OK, "there was no rollout yet");
}

/*
 * Print the history of a service that does not run.  STATUS_UNAVAILABLE, and
 * nothing is told, if there is no history either.
 */
static int
print_file(const struct arguments *arguments)
{
	char directory[PATH_MAX], *path;
	json_t *outcomes;
	int status = STATUS_OK;

	if (paths_state(arguments->name, directory, false) == -1 ||
	    asprintf(&path, "%s/history", directory) == -1)
		return STATUS_UNAVAILABLE;
	if ((outcomes = journal_read(path)) == NULL) {
		status = STATUS_UNAVAILABLE;
		if (errno != ENOENT)
			status = tell(
			    errno == EACCES ? STATUS_NOPERM : STATUS_SOFTWARE,
			    "%s: %s", path, strerror(errno));
	} else {
		print_outcomes(arguments, outcomes);
		json_decref(outcomes);
	}
	free(path);
	return status;
}

int
cli_history(const struct arguments *arguments)
{
	json_t *reply = NULL;
	int status;

	if (arguments->name != NULL && client_is_gone(arguments->name)) {
		status = print_file(arguments);
		if (status != STATUS_UNAVAILABLE)
			return status;
	}
	status = client_ask(
	    arguments->name, "History", NULL, CLIENT_PROMPT_MS, &reply);
	if (status == STATUS_OK)
		print_outcomes(arguments, field_list(reply, "outcomes"));
	json_decref(reply);
	return status;
}

/* Print events.  If the call is made again, it asks for later ones. */
static void
print_events(const json_t *parameters, json_t *asked)
{
	const json_t *event = field_object(parameters, "event");
	size_t i;

	if (event != NULL) {
		field_print_line(event);
		json_object_set_new(asked, "after",
		    json_integer(field_number(event, "number")));
	}
	json_array_foreach (field_list(parameters, "events"), i, event)
		field_print_line(event);
	fflush(stdout);
}

int
cli_events(const struct arguments *arguments)
{
	struct client_message message;
	struct client *client;
	enum client_got got;
	bool more = true;
	json_t *asked;
	int status;

	if ((client = client_open(arguments->name, &status)) == NULL)
		return status;
	asked = json_object();
	client_persist(client, CLIENT_PATIENCE_MS);
	if (client_call(
		client, "Events", json_incref(asked), arguments->follow) == -1)
		more = false;
	while (more && status == STATUS_OK) {
		got = client_receive(client,
		    waiting_deadline(arguments->follow ? -1 : CLIENT_PROMPT_MS),
		    &message);
		if (got == GOT_REPLY)
			print_events(message.parameters, asked);
		else if (got == GOT_ERROR)
			status = client_tell_error(client, &message);
		else
			status = client_tell_silence(client, got);
		more = got == GOT_REPLY && message.continues;
		client_message_fini(&message);
	}
	json_decref(asked);
	client_close(client);
	return status;
}
