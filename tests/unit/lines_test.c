/* SPDX-License-Identifier: ISC */
/*
 * Lines: what somebody else writes is cut into lines, cleaned and bounded.
 */
#include "process/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define JOINED 64

static const struct {
	const char *text, *last;
} cases[] = {
	{ "", "" },
	{ "one", "one" },
	{ "one\ntwo\n", "two" },
	{ "one\n\n \t\n", "one" },
	{ "10%\r100%\r\n", "100%" },
	{ "a\tb", "a b" },
	{ "\033[31mred\033[0m\a", "?[31mred?[0m?" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "gr\xfc\xdf", "gr??" },
	{ "overlong \xc0\xaf \xe0\x80\xaf", "overlong ?? ???" },
	{ "surrogate \xed\xa0\x80", "surrogate ???" },
	{ "beyond \xf4\x90\x80\x80", "beyond ????" },
	{ "C1 \xc2\x9b"
	  "31m",
	    "C1 ??31m" },
	{ "cut \xe2\x82\n", "cut ??" },
};

static void
lines_are_cleaned(void **state)
{
	struct lines lines;
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lines_init(&lines, NULL, NULL);
		for (j = 0; j < strlen(cases[i].text); j++)
			lines_feed(&lines, cases[i].text + j, 1);
		lines_end(&lines);
		assert_string_equal(lines_last(&lines), cases[i].last);
	}
}

static void
nul_bytes_do_not_end_a_line(void **state)
{
	struct lines lines;

	lines_init(&lines, NULL, NULL);
	lines_feed(&lines, "a\0b", 3);
	lines_end(&lines);
	assert_string_equal(lines_last(&lines), "a?b");
}

static void
long_lines_are_cut(void **state)
{
	struct lines lines;
	int i;

	lines_init(&lines, NULL, NULL);
	for (i = 0; i < 3 * LINES_MAX; i++)
		lines_feed(&lines, "x", 1);
	lines_end(&lines);
	assert_int_equal(strlen(lines_last(&lines)), LINES_MAX);
}

static void
join(const char *line, void *arg)
{
	strlcat(arg, line, JOINED);
	strlcat(arg, "|", JOINED);
}

static void
each_line_is_told_once(void **state)
{
	char all[JOINED] = "";
	struct lines lines;

	lines_init(&lines, join, all);
	lines_feed(&lines, "one\n\ntwo\nth", 11);
	assert_string_equal(all, "one|two|");
	lines_feed(&lines, "ree", 3);
	lines_end(&lines);
	lines_end(&lines);
	assert_string_equal(all, "one|two|three|");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_cleaned),
		cmocka_unit_test(nul_bytes_do_not_end_a_line),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(each_line_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
