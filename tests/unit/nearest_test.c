/* SPDX-License-Identifier: ISC */
/*
 * The nearest name among the names of the options.
 */
#include "config/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/options.h"

static void
nearest_names(void **state)
{
	static const struct {
		const char *word;
		const char *best;
	} cases[] = { { "helth", "health" }, { "haelth", "health" },
		{ "health-interva", "health-interval" }, { "health", "health" },
		{ "xy", NULL }, { "entirely-else", NULL }, { "", NULL } };
	struct nearest nearest;
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nearest_init(&nearest, cases[i].word);
		for (j = 0; j < option_count; j++)
			nearest_try(&nearest, option_table[j].name);
		if (cases[i].best == NULL)
			assert_null(nearest.best);
		else
			assert_string_equal(nearest.best, cases[i].best);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
