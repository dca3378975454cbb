/* SPDX-License-Identifier: ISC */
/*
 * Columns that line up and give way, wrapped text, ages and durations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/render.h"

static const struct column columns[] = {
	{ "NO", true, FIT_KEEP },
	{ "PATH", false, FIT_CUT_HEAD },
	{ "WHY", false, FIT_WRAP },
};

static const struct column cut_tail[] = {
	{ "NAME", false, FIT_CUT_TAIL },
	{ "NO", true, FIT_KEEP },
};

static char *text;
static size_t length;
static FILE *out;

static int
set_up(void **state)
{
	out = open_memstream(&text, &length);
	return out == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	free(text);
	return 0;
}

static const char *
printed(void)
{
	fclose(out);
	return text;
}

static void
add_row(struct table *table, int number, const char *path, const char *why)
{
	table_cell(table, PAINT_NONE, "%d", number);
	table_cell(table, PAINT_GOOD, "%s", path);
	table_cell(table, PAINT_NONE, "%s", why);
}

static void
columns_line_up(void **state)
{
	struct table *table = table_new(columns, 3);

	add_row(table, 1, "/a", "");
	add_row(table, 123, "/grün", "because");
	table_print(table, out, 80, false);
	table_free(table);
	assert_string_equal(printed(),
	    " NO  PATH   WHY\n"
	    "  1  /a\n"
	    "123  /grün  because\n");
}

static void
long_text_gives_way_where_it_may(void **state)
{
	struct table *table = table_new(columns, 3);

	add_row(table, 7, "/run/an/endless/path/to/web.sock",
	    "one two three four five six");
	table_print(table, out, 40, false);
	table_free(table);
	assert_string_equal(printed(),
	    "NO  PATH              WHY\n"
	    " 7  ...h/to/web.sock  one two three four\n"
	    "                      five six\n");
}

static void
the_tail_is_cut_between_characters(void **state)
{
	struct table *table = table_new(cut_tail, 2);

	table_cell(table, PAINT_NONE, "%s", "äöüäöüäöüäöüäöüäöüäöüäöü");
	table_cell(table, PAINT_NONE, "%d", 1);
	table_print(table, out, 22, false);
	table_free(table);
	assert_string_equal(printed(),
	    "NAME                NO\n"
	    "äöüäöüäöüäöüäöü...   1\n");
}

static void
control_characters_do_not_reach_the_terminal(void **state)
{
	struct table *table = table_new(columns, 3);

	add_row(table, 1, "\033[2J\tx", "a\177\302\233b");
	table_print(table, out, 80, false);
	table_free(table);
	assert_string_equal(printed(),
	    "NO  PATH    WHY\n"
	    " 1  ?[2J?x  a???b\n");
}

static void
colours_do_not_move_columns(void **state)
{
	struct table *table = table_new(columns, 3);

	add_row(table, 1, "/a", "b");
	table_print(table, out, 80, true);
	table_free(table);
	assert_non_null(strstr(printed(), " 1  \033[32m/a\033[m    b\n"));
}

static void
text_wraps_at_the_width(void **state)
{
	render_wrap(out, "aa bb  cc dd eeeeeeeeeeeeee f", 2, 10);
	assert_string_equal(
	    printed(), "aa bb cc\n  dd\n  eeeeeeeeeeeeee\n  f\n");
}

static void
ages_are_short(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = { { -5, "0s" }, { 119, "119s" }, { 120, "2m" },
		{ 7199, "119m" }, { 7200, "2h" }, { 172799, "47h" },
		{ 172800, "2d" } };
	char buf[RENDER_TIME];
	size_t i;

	printed();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		render_age(buf, cases[i].seconds);
		assert_string_equal(buf, cases[i].text);
	}
}

static void
durations_have_their_unit(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = { { -1, "0 ms" }, { 999, "999 ms" }, { 1000, "1.0 s" },
		{ 59999, "59.9 s" }, { 60000, "1 min 0 s" },
		{ 3725000, "62 min 5 s" } };
	char buf[RENDER_TIME];
	size_t i;

	printed();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		render_duration(buf, cases[i].ms);
		assert_string_equal(buf, cases[i].text);
	}
}

static void
times_are_read(void **state)
{
	printed();
	assert_int_equal(render_parse_time("1970-01-02T00:00:01.250Z"), 86401);
	assert_int_equal(render_parse_time("yesterday"), -1);
	assert_int_equal(render_parse_time(NULL), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(columns_line_up),
		TEST(long_text_gives_way_where_it_may),
		TEST(the_tail_is_cut_between_characters),
		TEST(control_characters_do_not_reach_the_terminal),
		TEST(colours_do_not_move_columns),
		TEST(text_wraps_at_the_width),
		TEST(ages_are_short),
		TEST(durations_have_their_unit),
		TEST(times_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
