/* SPDX-License-Identifier: ISC */
/*
 * The pace of events, and the share of our time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/pace.h"

static void
test_pace(void **state)
{
	struct pace pace = { 0 };
	int64_t end;
	int i;

	for (i = 0; i < 3; i++)
		assert_true(pace_allows(&pace, 3, 60000));
	assert_false(pace_allows(&pace, 3, 60000));
	assert_false(pace_allows(&pace, 0, 60000));
	/* When a span is over, nothing in it counts any more. */
	for (end = clock_ms() + 2; clock_ms() < end;)
		;
	assert_true(pace_allows(&pace, 1, 1));
}

static void
test_share(void **state)
{
	struct share share = { 0 };
	unsigned int rest;
	int64_t end;

	assert_int_equal(share_use(&share, SHARE_SAVED_USEC), 0);
	/* One millisecond more means a rest of SHARE_PART times as long. */
	rest = share_use(&share, 1000 + SHARE_SAVED_USEC);
	assert_in_range(
	    rest, 2, 1 + SHARE_PART * (1000 + SHARE_SAVED_USEC) / 1000);
	for (end = clock_ms() + rest; clock_ms() < end;)
		;
	assert_int_equal(share_use(&share, 0), 0);
	/* The time that is given at the beginning is given once. */
	share = (struct share){ .used_usec = -1000000, .saved_usec = 1000 };
	assert_int_equal(share_use(&share, 1000000), 0);
	assert_int_not_equal(share_use(&share, 2000), 0);
	/* A long rest saves up no more than the maximum. */
	share = (struct share){ 0 };
	assert_int_not_equal(share_use(&share, SHARE_SAVED_USEC + 10000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
