/* SPDX-License-Identifier: ISC */
/*
 * status: what runs of one service, in columns for people, or as JSON for
 * programs.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/status.h"
#include "cli/commands.h"
#include "cli/client.h"
#include "cli/client_tell.h"
#include "cli/field.h"
#include "cli/picture.h"
#include "cli/render.h"
#include "cli/watch.h"

#define SHA_SHOWN  12 /* of 64 digits: enough to tell builds apart */
#define TEXT_SHOWN 512
#define LEFT_SHOWN (RENDER_TIME + 16)

static void
print_table(struct table *table)
{
	table_print(
	    table, stdout, render_width(stdout), render_colours(stdout));
	table_free(table);
}

/* `3.2 s left`; "" if the state does not end by itself. */
static const char *
describe_left(const json_t *object, char text[static LEFT_SHOWN])
{
	char time[RENDER_TIME];

	text[0] = '\0';
	if (json_is_integer(json_object_get(object, "left_ms"))) {
		render_duration(time, field_number(object, "left_ms"));
		snprintf(text, LEFT_SHOWN, "%s left", time);
	}
	return text;
}

static void
print_summary(const json_t *status)
{
	struct picture picture = { .status = status };

	picture_summary(stdout, &picture);
	printf("supervisor PID %lld, hotswap %s\n",
	    (long long)field_number(status, "pid"),
	    field_string(status, "version"));
}

/* `2: 0, 3: 17`: connections that wait to be accepted, for each generation. */
static void
describe_queues(const json_t *listener, char text[static TEXT_SHOWN])
{
	const json_t *queues = field_list(listener, "queues"), *queue;
	size_t i, used = 0;

	strlcpy(text, "-", TEXT_SHOWN);
	json_array_foreach (queues, i, queue) {
		if (used >= TEXT_SHOWN)
			break;
		used += snprintf(text + used, TEXT_SHOWN - used, "%s%lld: %lld",
		    i > 0 ? ", " : "",
		    (long long)field_number(queue, "generation"),
		    (long long)field_number(queue, "queued"));
	}
}

static void
print_listeners(const json_t *status)
{
	static const struct column columns[] = {
		{ "ADDRESS", false, FIT_CUT_HEAD },
		{ "NAME", false, FIT_CUT_TAIL },
		{ "TYPE", false, FIT_KEEP },
		{ "STEERING", false, FIT_KEEP },
		{ "QUEUED BY GENERATION", false, FIT_CUT_TAIL },
	};
	const json_t *listeners = field_list(status, "listeners"), *listener;
	char queues[TEXT_SHOWN];
	struct table *table;
	const char *name;
	size_t i;

	if (json_array_size(listeners) == 0 ||
	    (table = table_new(columns, 5)) == NULL)
		return;
	json_array_foreach (listeners, i, listener) {
		name = field_string(listener, "name");
		describe_queues(listener, queues);
		table_cell(
		    table, PAINT_NONE, "%s", field_string(listener, "address"));
		/* An address is no name of a listener's own. */
		if (strcmp(name, field_string(listener, "address")) == 0)
			name = "-";
		table_cell(table, PAINT_NONE, "%s", name);
		table_cell(
		    table, PAINT_NONE, "%s", field_string(listener, "type"));
		table_cell(table, PAINT_NONE, "%s%s",
		    field_string(listener, "steering"),
		    json_is_true(json_object_get(listener, "passed"))
			? ", passed"
			: "");
		table_cell(table, PAINT_NONE, "%s", queues);
	}
	putchar('\n');
	print_table(table);
}

/* `12`, or of a generation that drains `12, 8 idle for up to 3m`. */
static void
add_connections(struct table *table, const json_t *generation)
{
	const json_t *idle = field_object(generation, "idle");
	long long idle_ones = (long long)field_number(idle, "connections");
	char age[RENDER_TIME];

	/* A number below 0 means that it could not be counted. */
	if (field_number(generation, "connections") < 0) {
		table_cell(table, PAINT_NONE, "-");
		return;
	}
	if (idle_ones <= 0) {
		table_cell(table, PAINT_NONE, "%lld",
		    (long long)field_number(generation, "connections"));
		return;
	}
	render_age(age, field_number(idle, "silent_ms") / 1000);
	table_cell(table, PAINT_NONE, "%lld, %lld idle for up to %s",
	    (long long)field_number(generation, "connections"), idle_ones, age);
}

static void
add_generation(struct table *table, const json_t *generation)
{
	const char *role = field_string(generation, "role");
	const char *health =
	    field_string(field_object(generation, "health"), "last");
	time_t started = render_parse_time(field_string(generation, "started"));
	char age[RENDER_TIME] = "-";

	if (started != -1)
		render_age(age, time(NULL) - started);
	table_cell(table, PAINT_NONE, "%lld",
	    (long long)field_number(generation, "number"));
	table_cell(table, picture_paint(role), "%s", role);
	table_cell(table, PAINT_NONE, "%lld %%",
	    (long long)field_number(generation, "share"));
	if (field_number(generation, "pid") != 0)
		table_cell(table, PAINT_NONE, "%lld",
		    (long long)field_number(generation, "pid"));
	else
		table_cell(table, PAINT_NONE, "-");
	add_connections(table, generation);
	table_cell(table, PAINT_NONE, "%lld",
	    (long long)field_number(generation, "restarts"));
	table_cell(table, picture_paint(health), "%s",
	    health[0] != '\0' ? health : "none");
	table_cell(table, PAINT_NONE, "%.*s", SHA_SHOWN,
	    field_string(generation, "sha256"));
	table_cell(table, PAINT_NONE, "%s", age);
}

static void
print_generations(const json_t *generations)
{
	static const struct column columns[] = {
		{ "GEN", true, FIT_KEEP },
		{ "ROLE", false, FIT_KEEP },
		{ "SHARE", true, FIT_KEEP },
		{ "PID", true, FIT_KEEP },
		{ "CONNS", true, FIT_KEEP },
		{ "RESTARTS", true, FIT_KEEP },
		{ "HEALTH", false, FIT_KEEP },
		{ "SHA256", false, FIT_CUT_TAIL },
		{ "AGE", true, FIT_KEEP },
	};
	const json_t *generation;
	struct table *table;
	size_t i;

	if (json_array_size(generations) == 0 ||
	    (table = table_new(columns, 9)) == NULL)
		return;
	json_array_foreach (generations, i, generation)
		add_generation(table, generation);
	putchar('\n');
	print_table(table);
}

/* The file that runs, as its path was found, and its arguments. */
static void
describe_program(const json_t *generation, char text[static TEXT_SHOWN])
{
	const json_t *arguments = field_list(generation, "arguments");
	size_t i;

	strlcpy(text, field_string(generation, "program"), TEXT_SHOWN);
	for (i = 1; i < json_array_size(arguments); i++) {
		strlcat(text, " ", TEXT_SHOWN);
		if (json_is_string(json_array_get(arguments, i)))
			strlcat(text,
			    json_string_value(json_array_get(arguments, i)),
			    TEXT_SHOWN);
	}
}

/* `3: cache, conn (2)`; "" if there are none. */
static void
describe_stored(const json_t *generation, char text[static TEXT_SHOWN])
{
	const json_t *stored = field_object(generation, "stored");
	json_t *names = field_object(stored, "names"), *count;
	const char *name, *comma = "";
	size_t used;

	text[0] = '\0';
	if (field_number(stored, "count") == 0)
		return;
	used = snprintf(text, TEXT_SHOWN,
	    "%lld:", (long long)field_number(stored, "count"));
	json_object_foreach (names, name, count) {
		if (used >= TEXT_SHOWN)
			break;
		used += snprintf(
		    text + used, TEXT_SHOWN - used, "%s %s", comma, name);
		comma = ",";
		if (json_integer_value(count) > 1 && used < TEXT_SHOWN)
			used += snprintf(text + used, TEXT_SHOWN - used,
			    " (%lld)", (long long)json_integer_value(count));
	}
}

/* Addresses that the generation has bound since it was ready. */
static void
describe_own(const json_t *generation, char text[static TEXT_SHOWN])
{
	const json_t *address;
	size_t i;

	text[0] = '\0';
	json_array_foreach (
	    field_list(generation, "own_addresses"), i, address) {
		strlcat(text, i > 0 ? ", " : "", TEXT_SHOWN);
		if (json_is_string(address))
			strlcat(text, json_string_value(address), TEXT_SHOWN);
	}
}

/* Of UDP; nothing where there are none. */
static const char *
describe_flows(const json_t *generation, char text[static LEFT_SHOWN])
{
	text[0] = '\0';
	if (field_number(generation, "flows") > 0)
		snprintf(text, LEFT_SHOWN, "%lld",
		    (long long)field_number(generation, "flows"));
	return text;
}

static void
add_detail(struct table *table, const json_t *generation, const char *what,
    const char *text)
{
	if (text[0] == '\0')
		return;
	table_cell(table, PAINT_NONE, "%lld",
	    (long long)field_number(generation, "number"));
	table_cell(table, PAINT_FAINT, "%s", what);
	table_cell(table, PAINT_NONE, "%s", text);
}

/* What does not fit into columns: command lines, statuses, reasons. */
static void
print_details(const json_t *generations)
{
	static const struct column columns[] = {
		{ "GEN", true, FIT_KEEP },
		{ "DETAIL", false, FIT_KEEP },
		{ "", false, FIT_WRAP },
	};
	const json_t *generation;
	struct table *table;
	char program[TEXT_SHOWN], stored[TEXT_SHOWN], own[TEXT_SHOWN];
	char left[LEFT_SHOWN];
	size_t i;

	if (json_array_size(generations) == 0 ||
	    (table = table_new(columns, 3)) == NULL)
		return;
	json_array_foreach (generations, i, generation) {
		describe_program(generation, program);
		add_detail(table, generation, "program", program);
		if (describe_left(generation, left)[0] != '\0')
			add_detail(table, generation,
			    field_string(generation, "role"), left);
		if (strcmp(field_string(generation, "shim"), "off") != 0)
			add_detail(table, generation, "shim",
			    field_string(generation, "shim"));
		describe_stored(generation, stored);
		add_detail(table, generation, "stored", stored);
		describe_own(generation, own);
		add_detail(table, generation, "own addresses", own);
		add_detail(table, generation, "UDP flows",
		    describe_flows(generation, left));
		if (json_is_true(json_object_get(generation, "steers")))
			add_detail(table, generation, "steers",
			    "its program chooses among its sockets; hotswap "
			    "goes on to choose");
		if (json_is_true(json_object_get(generation, "quiet")))
			add_detail(table, generation, "quiet",
			    "its program yields to what serves");
		add_detail(table, generation, "status",
		    field_string(generation, "status"));
		add_detail(table, generation, "trouble",
		    field_string(generation, "trouble"));
		add_detail(table, generation, "health",
		    field_string(field_object(generation, "health"), "reason"));
	}
	putchar('\n');
	print_table(table);
}

int
cli_status(const struct arguments *arguments)
{
	json_t *reply = NULL;
	const json_t *what;
	int status;

	if (arguments->watch)
		return watch_status(arguments);
	status = client_ask(
	    arguments->name, "Status", NULL, CLIENT_PROMPT_MS, &reply);
	if (status != STATUS_OK)
		return status;
	what = field_object(reply, "status");
	if (arguments->json)
		field_print_indented(what);
	else {
		print_summary(what);
		print_listeners(what);
		print_generations(field_list(what, "generations"));
		print_details(field_list(what, "generations"));
	}
	json_decref(reply);
	return STATUS_OK;
}
