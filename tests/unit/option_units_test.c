/* SPDX-License-Identifier: ISC */
/*
 * Durations and signals: what is read, and what is refused.
 */
#include "config/options.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
durations(void **state)
{
	static const struct {
		const char *text;
		unsigned int ms;
	} good[] = { { "500ms", 500 }, { "10s", 10000 }, { "5m", 300000 },
		{ "1h", 3600000 }, { "30", 30000 }, { "0", 0 }, { "0.5s", 500 },
		{ "1.5m", 90000 }, { "0.0001s", 1 }, { "2.25", 2250 },
		{ "4294967295ms", UINT_MAX },
		{ "0.1000000000000000000000001s", 100 } };
	static const char *const bad[] = { "", "s", "3q", "-1", "+1", " 1",
		"1 s", "1s ", "1ss", ".5s", "1.s", "1e3", "0x10", "1,5s",
		"s1" };
	static const char *const large[] = { "4294967296ms", "4294968", "1194h",
		"99999999999999999999999999999999h" };
	unsigned int ms;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(options_duration(good[i].text, &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		assert_int_equal(options_duration(bad[i], &ms), -1);
		assert_int_equal(errno, EINVAL);
	}
	for (i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		errno = 0;
		assert_int_equal(options_duration(large[i], &ms), -1);
		assert_int_equal(errno, ERANGE);
	}
}

static void
signals(void **state)
{
	static const char *const bad[] = { "", "SIG", "TERMX", "0", "32", "33",
		"65", "-1", "9x", "RTMIN+40", "RTMIN-1", "RTMIN+", "SIGSIGTERM",
		"99999999999" };
	size_t i;

	assert_int_equal(options_signal("TERM"), SIGTERM);
	assert_int_equal(options_signal("SIGTERM"), SIGTERM);
	assert_int_equal(options_signal("sigwinch"), SIGWINCH);
	assert_int_equal(options_signal("15"), SIGTERM);
	assert_int_equal(options_signal("CLD"), SIGCHLD);
	assert_int_equal(options_signal("RTMIN"), SIGRTMIN);
	assert_int_equal(options_signal("SIGRTMIN+3"), SIGRTMIN + 3);
	assert_int_equal(options_signal("RTMAX-1"), SIGRTMAX - 1);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(options_signal(bad[i]), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
