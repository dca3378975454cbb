/* SPDX-License-Identifier: ISC */
/*
 * doctor: what this kernel, this user and this program allow, what will be
 * used, and what weakens the service; in columns for people, or as JSON for
 * programs.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
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

/* `purpose (what was found); to do: remedy` */
static void
add_account(struct table *table, const json_t *row, const char *key)
{
	const char *detail = field_string(row, "detail");
	const char *remedy = field_string(row, "remedy");

	table_cell(table, PAINT_NONE, "%s%s%s%s%s%s", field_string(row, key),
	    detail[0] != '\0' ? " (" : "", detail, detail[0] != '\0' ? ")" : "",
	    remedy[0] != '\0' ? "; to do: " : "", remedy);
}

static void
print_features(const json_t *features)
{
	static const struct column columns[] = {
		{ "FEATURE", false, FIT_KEEP },
		{ "HERE", false, FIT_KEEP },
		{ "WHAT FOR", false, FIT_WRAP },
	};
	struct table *table = table_new(columns, 3);
	const json_t *feature;
	size_t i;

	if (table == NULL)
		return;
	json_array_foreach (features, i, feature) {
		table_cell(
		    table, PAINT_NONE, "%s", field_string(feature, "name"));
		add_state(table, field_string(feature, "state"));
		add_account(table, feature, "purpose");
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
print_weaknesses(const json_t *weaknesses)
{
	static const struct column columns[] = {
		{ "WEAKNESS", false, FIT_KEEP },
		{ "WHY IT MATTERS", false, FIT_WRAP },
	};
	const json_t *weakness;
	struct table *table;
	size_t i;

	putchar('\n');
	if (json_array_size(weaknesses) == 0) {
		puts("Nothing was found that weakens the service.");
		return;
	}
	if ((table = table_new(columns, 2)) == NULL)
		return;
	json_array_foreach (weaknesses, i, weakness) {
		table_cell(
		    table, PAINT_NONE, "%s", field_string(weakness, "name"));
		add_account(table, weakness, "why");
	}
	print_table(table);
}

int
cli_doctor(const struct arguments *arguments)
{
	json_t *features = diagnosis_features(), *program = NULL, *weaknesses;
	bool usable = diagnosis_is_usable(features), sound = true;
	const char *file = "";
	json_t *all;

	if (arguments->program != NULL) {
		program =
		    diagnosis_program(arguments->options, arguments->program);
		sound = field_string(program, "error")[0] == '\0';
		file = field_string(program, "file");
	}
	weaknesses = diagnosis_weaknesses(
	    arguments->options, file[0] != '\0' ? file : NULL);
	all = json_pack("{sb sO sO sO*}", "usable", usable, "features",
	    features, "weaknesses", weaknesses, "program", program);
	if (arguments->json) {
		field_print_indented(all);
	} else {
		print_features(features);
		if (program != NULL)
			print_program(program);
		print_weaknesses(weaknesses);
	}
	json_decref(all);
	json_decref(features);
	json_decref(program);
	json_decref(weaknesses);
	if (!usable)
		return tell(STATUS_FAILED,
		    "something that hotswap needs is missing on this machine");
	return sound ? STATUS_OK
		     : tell(STATUS_FAILED, "the program cannot be run");
}
