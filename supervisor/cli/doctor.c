/* SPDX-License-Identifier: ISC */
/*
 * doctor: what this kernel, user and program allow, and what will be used;
 * for people in columns, for programs as JSON.
 */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/diagnosis.h"
#include "cli/field.h"
#include "cli/render.h"
#include "cli/tell.h"

#define SENTENCE 512

static const struct {
	const char *state;
	const char *word;
	enum paint paint;
} states[] = {
	{ "present", "yes", PAINT_GOOD },
	{ "limited", "partly", PAINT_NONE },
	{ "absent", "NO", PAINT_BAD },
};

static void
add_state(struct table *table, const char *state)
{
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].state, state) == 0)
			table_cell(
			    table, states[i].paint, "%s", states[i].word);
}

static void
print_table(struct table *table)
{
	table_print(
	    table, stdout, render_width(stdout), render_colours(stdout));
	table_free(table);
}

/* `what for (what was found): what to do` */
static void
print_features(const json_t *features)
{
	static const struct column columns[] = {
		{ "FEATURE", false, FIT_KEEP },
		{ "HERE", false, FIT_KEEP },
		{ "WHAT FOR", false, FIT_WRAP },
	};
	struct table *table = table_new(columns, 3);
	const char *detail, *remedy;
	const json_t *feature;
	size_t i;

	if (table == NULL)
		return;
	json_array_foreach (features, i, feature) {
		detail = field_string(feature, "detail");
		remedy = field_string(feature, "remedy");
		table_cell(
		    table, PAINT_NONE, "%s", field_string(feature, "name"));
		add_state(table, field_string(feature, "state"));
		table_cell(table, PAINT_NONE, "%s%s%s%s%s%s",
		    field_string(feature, "purpose"),
		    detail[0] != '\0' ? " (" : "", detail,
		    detail[0] != '\0' ? ")" : "",
		    remedy[0] != '\0' ? "; to do: " : "", remedy);
	}
	print_table(table);
}

static void
add_line(
    struct table *table, enum paint paint, const char *title, const char *text)
{
	if (text[0] == '\0')
		return;
	table_cell(table, PAINT_FAINT, "%s", title);
	table_cell(table, paint, "%s", text);
}

static void
print_program(const json_t *program)
{
	static const struct column columns[] = {
		{ "PROGRAM", false, FIT_KEEP },
		{ "", false, FIT_WRAP },
	};
	/* The fields that are shown, in this order. */
	static const struct {
		const char *title;
		const char *key;
	} lines[] = {
		{ "file", "file" },
		{ "interpreter", "interpreter" },
		{ "kind", "kind" },
		{ "loader", "loader" },
		{ "shim", "why" },
		{ "try", "options" },
	};
	struct table *table = table_new(columns, 2);
	const json_t *warning;
	size_t i;

	if (table == NULL)
		return;
	add_line(table, PAINT_NONE, "called", field_string(program, "program"));
	add_line(table, PAINT_BAD, "error", field_string(program, "error"));
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		add_line(table, PAINT_NONE, lines[i].title,
		    field_string(program, lines[i].key));
	json_array_foreach (field_list(program, "warnings"), i, warning)
		add_line(table, PAINT_NONE, "mind", json_string_value(warning));
	putchar('\n');
	print_table(table);
}

static void
print_for_people(const json_t *features, const json_t *program)
{
	print_features(features);
	if (program != NULL)
		print_program(program);
}

int
cli_doctor(const struct arguments *arguments)
{
	json_t *features = diagnosis_features(), *program = NULL, *all;
	bool usable = diagnosis_is_usable(features), sound = true;

	if (arguments->program != NULL) {
		program = diagnosis_program(arguments->program);
		sound = field_string(program, "error")[0] == '\0';
	}
	if (arguments->json) {
		all = json_pack("{sb sO sO*}", "usable", usable, "features",
		    features, "program", program);
		field_print_indented(all);
		json_decref(all);
	} else
		print_for_people(features, program);
	json_decref(features);
	json_decref(program);
	if (!usable)
		return tell(STATUS_FAILED,
		    "something that hotswap cannot do without is missing here");
	return sound ? STATUS_OK
		     : tell(STATUS_FAILED, "the program cannot be run");
}
