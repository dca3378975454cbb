/* SPDX-License-Identifier: ISC */
/*
 * What a keeper saves for itself is restored, and what a later build has added
 * is ignored.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "keep/legacy.h"

static void
pass_on(const struct legacy *legacy, struct legacy *found)
{
	static const char later[] = "from-a-later-build 1 2 3\n";
	int fd = legacy_write(legacy);

	assert_int_not_equal(fd, -1);
	assert_int_not_equal(lseek(fd, 0, SEEK_END), -1);
	assert_int_equal(write(fd, later, strlen(later)), strlen(later));
	assert_int_equal(legacy_read(found, fd), 0);
	close(fd);
}

static void
all_comes_back(void **state)
{
	struct legacy legacy, found;

	legacy_init(&legacy, "web.1");
	legacy.supervisor = 4711;
	legacy.ready = true;
	legacy.log_format = 1;
	sigaddset(&legacy.pending, SIGHUP);
	sigaddset(&legacy.asked, SIGTERM);
	legacy_add(&legacy, 12, 9);
	pass_on(&legacy, &found);
	assert_string_equal(found.title, "web.1");
	assert_int_equal(found.supervisor, 4711);
	assert_true(found.ready);
	assert_false(found.stopping);
	assert_int_equal(found.log_format, 1);
	assert_int_equal(sigismember(&found.pending, SIGHUP), 1);
	assert_int_equal(sigismember(&found.pending, SIGTERM), 0);
	assert_int_equal(sigismember(&found.asked, SIGTERM), 1);
	assert_int_equal(legacy_get(&found, 0)->pid, 12);
	assert_int_equal(legacy_get(&found, 0)->status, 9);
	assert_null(legacy_get(&found, 1));
}

static void
the_latest_ends_are_kept_in_order(void **state)
{
	struct legacy legacy, found;
	int pid;

	legacy_init(&legacy, "web");
	for (pid = 1; pid <= LEGACY_ENDS + 3; pid++)
		legacy_add(&legacy, pid, 0);
	pass_on(&legacy, &found);
	assert_int_equal(legacy_get(&found, 0)->pid, 4);
	assert_int_equal(
	    legacy_get(&found, LEGACY_ENDS - 1)->pid, LEGACY_ENDS + 3);
	assert_null(legacy_get(&found, LEGACY_ENDS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_comes_back),
		cmocka_unit_test(the_latest_ends_are_kept_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
