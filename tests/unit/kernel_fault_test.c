/* SPDX-License-Identifier: ISC */
/*
 * The version of a kernel tells whether the kernel has the fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/kernel_fault.h"

static void
versions_before_the_fix_have_it(void **state)
{
	static const struct {
		const char *version, *fixed;
	} cases[] = {
		{ "5.10.223", "5.10.259" },
		{ "5.10.258", "5.10.259" },
		{ "5.10.259", NULL },
		{ "6.1.170", "6.1.176" },
		{ "6.1.176", NULL },
		{ "6.6.142", "6.6.143" },
		{ "6.12.100", NULL },
		{ "6.18.35", "6.18.36" },
		{ "6.18.44-fc-v595", NULL },
		{ "7.0.12", "7.0.13" },
		{ "7.0.13", NULL },
		{ "7.1", NULL },
		{ "7.1.0-rc1", NULL },
		{ "8.0", NULL },
		{ "5.4.200", "7.1" },
		{ "6.8.12", "7.1" },
		{ "", NULL },
		{ "unknown", NULL },
	};
	char fixed[KERNEL_VERSION_TEXT];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(kernel_fault_in(cases[i].version, fixed),
		    cases[i].fixed != NULL);
		if (cases[i].fixed != NULL)
			assert_string_equal(fixed, cases[i].fixed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_before_the_fix_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
