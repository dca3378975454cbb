/* SPDX-License-Identifier: ISC */
/*
 * list: all services of this user, a line each.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/strings.h"
#include "cli/commands.h"
#include "cli/field.h"
#include "cli/render.h"
#include "cli/services.h"
#include "cli/survey.h"
#include "cli/tell.h"

#define ANSWER_MS  2000 /* for all of them together */
#define TEXT_SHOWN 512

static void
describe_addresses(const json_t *status, char text[static TEXT_SHOWN])
{
	const json_t *listener;
	size_t i;

	text[0] = '\0';
	json_array_foreach (field_list(status, "listeners"), i, listener) {
		if (i > 0)
			strlcat(text, ", ", TEXT_SHOWN);
		strlcat(text, field_string(listener, "address"), TEXT_SHOWN);
	}
}

static void
print_list(const json_t *list)
{
	static const struct column columns[] = {
		{ "NAME", false, FIT_CUT_TAIL },
		{ "PID", true, FIT_KEEP },
		{ "ACTIVE", true, FIT_KEEP },
		{ "STATE", false, FIT_KEEP },
		{ "LISTENERS", false, FIT_CUT_TAIL },
	};
	struct table *table = table_new(columns, 5);
	char addresses[TEXT_SHOWN];
	const json_t *one;
	const char *state;
	size_t i;

	if (table == NULL)
		return;
	json_array_foreach (list, i, one) {
		state = field_string(field_object(one, "rollout"), "state");
		describe_addresses(one, addresses);
		table_cell(table, PAINT_NONE, "%s", field_string(one, "name"));
		table_cell(table, PAINT_NONE, "%lld",
		    (long long)field_number(one, "pid"));
		table_cell(table, PAINT_NONE, "%lld",
		    (long long)field_number(one, "active"));
		table_cell(table, state[0] != '\0' ? PAINT_NONE : PAINT_BAD,
		    "%s", state[0] != '\0' ? state : "no answer");
		table_cell(table, PAINT_NONE, "%s", addresses);
	}
	table_print(
	    table, stdout, render_width(stdout), render_colours(stdout));
	table_free(table);
}

int
cli_list(const struct arguments *arguments)
{
	char **names = services_names();
	json_t *list;
	size_t i;

	if (names == NULL)
		return services_tell_unreadable(errno);
	list = survey(names, ANSWER_MS);
	for (i = json_array_size(list); i-- > 0;)
		if (survey_is_dead(json_array_get(list, i)))
			json_array_remove(list, i);
	if (arguments->json)
		field_print_indented(list);
	else if (json_array_size(list) > 0)
		print_list(list);
	else
		tell(STATUS_OK, "no service of this user runs");
	json_decref(list);
	strings_free(names);
	return STATUS_OK;
}
