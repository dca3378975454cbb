/* SPDX-License-Identifier: ISC */
/*
 * A grace period ends, whatever becomes of the child that waits for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/fd.h"
#include "traffic/grace.h"

static struct event_base *base;
static int ends;

static void
on_end(void *arg)
{
	ends++;
	event_base_loopbreak(base);
}

static int64_t
pass(void)
{
	int64_t begun = clock_ms();
	struct grace *grace = grace_begin(base, on_end, NULL);

	assert_non_null(grace);
	ends = 0;
	event_base_dispatch(base);
	assert_int_equal(ends, 1);
	grace_free(grace);
	return clock_ms() - begun;
}

static void
signal_children(int number)
{
	char path[64], *text, *rest, *one;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	rest = text = fd_read_file(path, 4096, NULL);
	while ((one = strsep(&rest, " ")) != NULL)
		if (atoi(one) > 0)
			kill(atoi(one), number);
	free(text);
}

static int
end_closers(void **state)
{
	pid_t pid;

	signal_children(SIGKILL);
	while ((pid = wait(NULL)) > 0)
		assert_true(closer_reaped(pid));
	return 0;
}

static void
the_kernel_tells_its_end(void **state)
{
	char c;
	int fd = closer_grace();

	assert_int_not_equal(fd, -1);
	assert_return_code(fcntl(fd, F_SETFL, 0), errno);
	assert_int_equal(read(fd, &c, 1), 1);
	assert_int_equal(read(fd, &c, 1), 0);
	close(fd);
	pass();
}

static void
many_end_at_once(void **state)
{
	struct grace *graces[10];
	size_t i, n = sizeof(graces) / sizeof(graces[0]);

	ends = 0;
	for (i = 0; i < n; i++)
		assert_non_null(graces[i] = grace_begin(base, on_end, NULL));
	while (ends < (int)n)
		event_base_dispatch(base);
	for (i = 0; i < n; i++)
		grace_free(graces[i]);
}

/*
 * All children that there may be are stopped, and have something to do: each
 * may have done one thing before.
 */
static void
hang_all(void)
{
	int i;

	for (i = 0; i < 2 * CLOSERS_MAX; i++) {
		close(closer_grace());
		signal_children(SIGSTOP);
	}
}

/* A time passes instead. */
static void
a_child_that_is_killed_tells_nothing(void **state)
{
	struct grace *grace;
	int64_t begun = clock_ms();

	hang_all();
	grace = grace_begin(base, on_end, NULL);
	assert_non_null(grace);
	signal_children(SIGKILL);
	ends = 0;
	event_base_dispatch(base);
	assert_int_equal(ends, 1);
	assert_true(clock_ms() - begun >= GRACE_BLIND_MS);
	grace_free(grace);
}

static void
a_child_that_hangs_is_not_waited_for(void **state)
{
	hang_all();
	assert_true(pass() >= GRACE_LONGEST_MS - 1);
}

static void
nothing_is_called_after_free(void **state)
{
	ends = 0;
	grace_free(grace_begin(base, on_end, NULL));
	grace_free(NULL);
	event_base_dispatch(base);
	assert_int_equal(ends, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    the_kernel_tells_its_end, end_closers),
		cmocka_unit_test_teardown(many_end_at_once, end_closers),
		cmocka_unit_test_teardown(
		    a_child_that_is_killed_tells_nothing, end_closers),
		cmocka_unit_test_teardown(
		    a_child_that_hangs_is_not_waited_for, end_closers),
		cmocka_unit_test_teardown(
		    nothing_is_called_after_free, end_closers),
	};
	int failed;

	base = event_base_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return failed;
}
