/* SPDX-License-Identifier: ISC */
/*
 * The present state of a service in a few lines for people.
 */
#include "cli/picture.h"

#include <string.h>
#include <sys/param.h>

#include "cli/field.h"

#define BAR_WIDTH 12 /* so that all columns fit into 80 */

static const struct {
	const char *word;
	enum paint paint;
} paints[] = {
	{ "active", PAINT_GOOD },
	{ "pass", PAINT_GOOD },
	{ "failed", PAINT_BAD },
	{ "fail", PAINT_BAD },
	{ "retired", PAINT_FAINT },
};

enum paint
picture_paint(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(paints) / sizeof(paints[0]); i++)
		if (strcmp(paints[i].word, word) == 0)
			return paints[i].paint;
	return PAINT_NONE;
}

/* `3.2 s`; "" if the state does not end by itself. */
static const char *
describe_left(const struct picture *picture, const json_t *object,
    char text[static RENDER_TIME])
{
	text[0] = '\0';
	if (json_is_integer(json_object_get(object, "left_ms"))) {
		render_duration(text,
		    MAX(field_number(object, "left_ms") - picture->age_ms, 0));
	}
	return text;
}

void
picture_summary(FILE *out, const struct picture *picture)
{
	const json_t *status = picture->status;
	const json_t *rollout = field_object(status, "rollout");
	const char *state = field_string(rollout, "state");
	char left[RENDER_TIME];

	fprintf(out, "%s: ", field_string(status, "name"));
	if (field_number(status, "active") != 0)
		fprintf(out, "generation %lld serves",
		    (long long)field_number(status, "active"));
	else
		fputs("nothing serves", out);
	if (state[0] == '\0' || strcmp(state, "idle") == 0) {
		fputs(", no rollout is under way\n", out);
		return;
	}
	fprintf(out, ", rollout %lld -> %lld is %s at %lld %%",
	    (long long)field_number(rollout, "from"),
	    (long long)field_number(rollout, "to"), state,
	    (long long)field_number(rollout, "share"));
	if (describe_left(picture, rollout, left)[0] != '\0')
		fprintf(out, ", %s left", left);
	fputc('\n', out);
}

/* Connections that wait to be accepted by a generation, at all addresses. */
static json_int_t
count_queued(const json_t *status, json_int_t number)
{
	const json_t *listener, *queue;
	json_int_t sum = 0;
	size_t i, j;

	json_array_foreach (field_list(status, "listeners"), i, listener)
		json_array_foreach (field_list(listener, "queues"), j, queue)
			if (field_number(queue, "generation") == number)
				sum += field_number(queue, "queued");
	return sum;
}

/* `[###---------]  25 %` */
static void
add_share(struct table *table, const json_t *generation)
{
	json_int_t share = field_number(generation, "share");
	int full = (int)(MIN(MAX(share, 0), 100) * BAR_WIDTH / 100);
	char bar[BAR_WIDTH + 1];

	/* Any share above 0 is seen, however small it is. */
	if (share > 0 && full == 0)
		full = 1;
	memset(bar, '#', full);
	memset(bar + full, '-', BAR_WIDTH - full);
	bar[BAR_WIDTH] = '\0';
	table_cell(table, share > 0 ? PAINT_GOOD : PAINT_FAINT, "[%s] %3lld %%",
	    bar, (long long)share);
}

static void
add_generation(struct table *table, const struct picture *picture,
    const json_t *generation)
{
	const json_t *health = field_object(generation, "health");
	const char *role = field_string(generation, "role");
	json_int_t number = field_number(generation, "number");
	json_int_t connections = field_number(generation, "connections");
	char left[RENDER_TIME];

	table_cell(table, PAINT_NONE, "%lld", (long long)number);
	table_cell(table, picture_paint(role), "%s", role);
	add_share(table, generation);
	/* A number below 0 means that it could not be counted. */
	if (connections >= 0)
		table_cell(table, PAINT_NONE, "%lld", (long long)connections);
	else
		table_cell(table, PAINT_NONE, "-");
	table_cell(table, PAINT_NONE, "%lld",
	    (long long)count_queued(picture->status, number));
	table_cell(table, PAINT_NONE, "%lld",
	    (long long)field_number(health, "passes"));
	table_cell(table,
	    field_number(health, "failures") > 0 ? PAINT_BAD : PAINT_NONE,
	    "%lld", (long long)field_number(health, "failures"));
	describe_left(picture, generation, left);
	table_cell(table, PAINT_NONE, "%s", left);
}

/* A generation that has ended is shown if the rollout is about it. */
static bool
is_shown(const json_t *status, const json_t *generation)
{
	const json_t *rollout = field_object(status, "rollout");
	const char *role = field_string(generation, "role");
	json_int_t number = field_number(generation, "number");

	if (strcmp(role, "retired") != 0 && strcmp(role, "failed") != 0)
		return true;
	return field_number(generation, "pid") != 0 ||
	    (number != 0 &&
		(number == field_number(rollout, "from") ||
		    number == field_number(rollout, "to")));
}

void
picture_generations(FILE *out, const struct picture *picture)
{
	static const struct column columns[] = {
		{ "GEN", true, FIT_KEEP },
		{ "ROLE", false, FIT_KEEP },
		{ "SHARE", false, FIT_KEEP },
		{ "CONNS", true, FIT_KEEP },
		{ "QUEUED", true, FIT_KEEP },
		{ "PASSED", true, FIT_KEEP },
		{ "FAILED", true, FIT_KEEP },
		{ "LEFT", false, FIT_KEEP },
	};
	const json_t *list = field_list(picture->status, "generations");
	const json_t *generation, *health;
	struct table *table = table_new(columns, 8);
	size_t i;

	if (table == NULL)
		return;
	json_array_foreach (list, i, generation)
		if (is_shown(picture->status, generation))
			add_generation(table, picture, generation);
	table_print(table, out, picture->width, picture->colours);
	table_free(table);
	json_array_foreach (list, i, generation) {
		health = field_object(generation, "health");
		if (is_shown(picture->status, generation) &&
		    strcmp(field_string(health, "last"), "fail") == 0)
			fprintf(out, "check of %lld failed: %s\n",
			    (long long)field_number(generation, "number"),
			    field_string(health, "reason"));
	}
}
