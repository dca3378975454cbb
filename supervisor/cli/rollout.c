/* SPDX-License-Identifier: ISC */
/*
 * upgrade, rollback and restart: begin a rollout, follow it to its outcome, and
 * tell the outcome in the exit status.
 */
#include <stdio.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/client_tell.h"
#include "cli/commands.h"
#include "cli/field.h"
#include "cli/progress.h"
#include "cli/render.h"
#include "cli/tell.h"
#include "cli/waiting.h"

#define LOOK_MS 500 /* for an answer that only serves the picture */

/* A command that begins a rollout, and which outcome of it is success. */
struct wish {
	const char *method;
	const char *noun;
	bool back; /* the outcome rolled-back is success */
};

static const struct wish upgrade = { "Upgrade", "upgrade", false };
static const struct wish rollback = { "Rollback", "rollback", true };
static const struct wish restart = { "Restart", "restart", false };

struct following {
	const struct arguments *arguments;
	const struct wish *wish;
	struct client *client;
	struct client *watch; /* a second connection, on a terminal; or NULL */
	struct progress progress;
	char started[CLOCK_STAMP];
	int64_t deadline;
};

/* Print an outcome of our own, since the supervisor has sent none. */
static void
print_own_outcome(
    const struct following *f, const char *result, const char *reason)
{
	json_t *outcome;

	if (!f->arguments->json)
		return;
	outcome = json_pack("{ss ss sI sI ss ss sI s[]}", "result", result,
	    "name", client_name(f->client), "from", f->progress.from, "to",
	    f->progress.to, "reason", reason, "started", f->started,
	    "duration_ms", (json_int_t)(clock_ms() - f->progress.begun),
	    "phases");
	field_print_line(outcome);
	json_decref(outcome);
}

/* `resolve 3 ms, start 35 ms, shift 5 % 30 s, bake 5.0 s` */
static void
print_phases(FILE *out, const json_t *phases)
{
	char took[RENDER_TIME];
	const json_t *phase;
	size_t i;

	json_array_foreach (phases, i, phase) {
		render_duration(took, field_number(phase, "ms"));
		fprintf(out, "%s%s ", i == 0 ? ": " : ", ",
		    field_string(phase, "phase"));
		if (json_object_get(phase, "share") != NULL)
			fprintf(out, "%lld %% ",
			    (long long)field_number(phase, "share"));
		fputs(took, out);
	}
}

static int
tell_success(const struct following *f, const json_t *outcome)
{
	char line[512], took[RENDER_TIME];
	FILE *out = fmemopen(line, sizeof(line), "w");

	if (out == NULL)
		return STATUS_OK;
	render_duration(took, field_number(outcome, "duration_ms"));
	fprintf(out, "%s: %s done, generation %lld serves, after %s",
	    client_name(f->client), f->wish->noun,
	    (long long)field_number(outcome, "to"), took);
	print_phases(out, field_list(outcome, "phases"));
	fclose(out);
	return tell(STATUS_OK, "%s", line);
}

static int
tell_outcome(const struct following *f, const json_t *outcome)
{
	const char *result = field_string(outcome, "result");
	const char *reason = field_string(outcome, "reason");
	char serving[FIELD_SERVING];

	if (f->arguments->json)
		field_print_line(outcome);
	if (strcmp(result, "promoted") == 0 ||
	    (f->wish->back && strcmp(result, "rolled-back") == 0))
		return tell_success(f, outcome);
	if (reason[0] == '\0')
		reason = "no reason given";
	if (strcmp(result, "refused") == 0)
		return tell(STATUS_REFUSED, "%s: %s refused: %s",
		    client_name(f->client), f->wish->noun, reason);
	return tell(STATUS_FAILED, "%s: %s failed, %s: %s; %s",
	    client_name(f->client), f->wish->noun, result, reason,
	    field_serving(serving, outcome, "from"));
}

static int
tell_no_outcome(const struct following *f, enum client_got got)
{
	const char *name = client_name(f->client);

	if (got == GOT_DEADLINE) {
		print_own_outcome(f, "timeout", "the outcome is still open");
		return tell(STATUS_TIMEOUT,
		    "%s: no outcome came in time; the %s goes on (hotswap wait "
		    "%s --for idle waits for it, hotswap abort %s ends it)",
		    name, f->wish->noun, name, name);
	}
	if (got == GOT_INTERRUPT) {
		print_own_outcome(f, "timeout", "interrupted while waiting");
		return tell(STATUS_TIMEOUT,
		    "%s: this command no longer waits; the %s goes on (hotswap "
		    "wait %s --for idle waits for it, hotswap abort %s ends it)",
		    name, f->wish->noun, name, name);
	}
	return client_tell_silence(f->client, got);
}

static int
tell_error(const struct following *f, const struct client_message *message)
{
	int status = client_tell_error(f->client, message);

	if (status == STATUS_REFUSED)
		print_own_outcome(
		    f, "refused", field_string(message->parameters, "message"));
	return status;
}

/* Ask for the status, which the picture on the terminal shows. */
static void
following_look(struct following *f)
{
	struct client_message message = { 0 };

	if (f->watch == NULL)
		return;
	if (client_call(f->watch, "Status", NULL, false) == 0 &&
	    client_receive(f->watch, waiting_deadline(LOOK_MS), &message) ==
		GOT_REPLY)
		progress_note(
		    &f->progress, field_object(message.parameters, "status"));
	else {
		client_close(f->watch);
		f->watch = NULL;
	}
	client_message_fini(&message);
}

/* Wait for a message; on a terminal the time left is counted down meanwhile. */
static enum client_got
receive(struct following *f, struct client_message *message)
{
	enum client_got got;
	int64_t until;

	for (;;) {
		until = f->deadline;
		if (f->progress.live)
			until = MIN(until, clock_ms() + PROGRESS_TICK_MS);
		got = client_receive(f->client, until, message);
		if (got != GOT_DEADLINE || clock_ms() >= f->deadline)
			return got;
		if (progress_is_stale(&f->progress))
			following_look(f);
		progress_draw(&f->progress);
	}
}

/* The rollout has begun, and the user does not wait for it (--no-wait). */
static int
tell_begun(const struct following *f)
{
	print_own_outcome(f, "timeout",
	    "the command did not wait for the "
	    "outcome");
	return STATUS_OK;
}

static int
follow(struct following *f)
{
	struct client_message message;
	const json_t *event, *outcome;
	enum client_got got;
	int status = -1;

	while (status == -1) {
		got = receive(f, &message);
		if (got != GOT_REPLY && got != GOT_ERROR) {
			progress_clear(&f->progress);
			return tell_no_outcome(f, got);
		}
		event = field_object(message.parameters, "event");
		outcome = field_object(message.parameters, "outcome");
		if (event != NULL)
			progress_event(&f->progress, event);
		if (outcome != NULL || !message.continues)
			progress_clear(&f->progress);
		if (got == GOT_ERROR)
			status = tell_error(f, &message);
		else if (outcome != NULL)
			status = tell_outcome(f, outcome);
		else if (!message.continues)
			status = tell_begun(f);
		client_message_fini(&message);
	}
	return status;
}

/* *Steals* parameters. */
static int
roll_out(const struct arguments *arguments, const struct wish *wish,
    json_t *parameters)
{
	struct following f = { .arguments = arguments, .wish = wish };
	int status;

	f.client = client_open(arguments->name, &status);
	if (f.client == NULL) {
		json_decref(parameters);
		return status;
	}
	waiting_arm();
	progress_init(&f.progress, client_name(f.client));
	if (f.progress.live)
		f.watch = client_connect(client_name(f.client));
	clock_stamp(f.started);
	f.deadline = waiting_deadline(arguments->timeout_ms);
	json_object_set_new(
	    parameters, "wait", json_boolean(!arguments->no_wait));
	json_object_set_new(parameters, "id", client_id());
	client_persist(f.client, CLIENT_PATIENCE_MS);
	if (client_call(
		f.client, wish->method, parameters, !arguments->no_wait) == -1)
		status = client_tell_silence(f.client, GOT_END);
	else
		status = follow(&f);
	progress_fini(&f.progress);
	client_close(f.watch);
	client_close(f.client);
	return status;
}

int
cli_upgrade(const struct arguments *arguments)
{
	json_t *parameters = json_object(), *list;
	char directory[PATH_MAX];
	char *const *word;

	if (arguments->program != NULL) {
		list = json_array();
		for (word = arguments->program; *word != NULL; word++)
			json_array_append_new(list, json_string(*word));
		json_object_set_new(parameters, "arguments", list);
	}
	if (arguments->exe != NULL)
		json_object_set_new(
		    parameters, "exe", json_string(arguments->exe));
	/* Relative paths are relative to the caller's directory. */
	if ((arguments->program != NULL || arguments->exe != NULL) &&
	    getcwd(directory, sizeof(directory)) != NULL)
		json_object_set_new(
		    parameters, "directory", json_string(directory));
	if (json_object_size(arguments->settings) > 0)
		json_object_set(parameters, "options", arguments->settings);
	return roll_out(arguments, &upgrade, parameters);
}

int
cli_rollback(const struct arguments *arguments)
{
	json_t *parameters = json_object();

	if (arguments->to != 0)
		json_object_set_new(
		    parameters, "to", json_integer(arguments->to));
	return roll_out(arguments, &rollback, parameters);
}

int
cli_restart(const struct arguments *arguments)
{
	return roll_out(arguments, &restart, json_object());
}
