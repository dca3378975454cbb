/* SPDX-License-Identifier: ISC */
/*
 * Stand-ins: they report each signal, survive all but KILL, and end with us.
 */
#include "process/standin.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/reaper.h"

#define DEADLINE_MS 60000

static struct event_base *base;
static int last, told;

static void
note(int number, void *arg)
{
	last = number;
	told++;
}

static int
set_up(void **state)
{
	base = event_base_new();
	last = told = 0;
	return base != NULL ? reaper_init(base, NULL, NULL) : -1;
}

static int
tear_down(void **state)
{
	reaper_fini();
	event_base_free(base);
	return 0;
}

/* Run the loop until this many signals were reported. */
static void
wait_for(int n)
{
	struct timeval deadline = { DEADLINE_MS / 1000, 0 };

	event_base_loopexit(base, &deadline);
	while (told < n && !event_base_got_exit(base))
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(told, n);
}

/* Whether the process has ended in time. */
static bool
has_ended(int pidfd)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
	int n;

	/* The end of the process itself interrupts us, with SIGCHLD. */
	while ((n = poll(&pfd, 1, DEADLINE_MS)) == -1 && errno == EINTR)
		continue;
	return n == 1;
}

static void
every_signal_is_told_and_none_ends_it(void **state)
{
	static const int signals[] = { SIGHUP, SIGQUIT, SIGWINCH, SIGTERM,
		SIGINT, SIGUSR1, SIGUSR2, SIGCONT, SIGSEGV };
	struct standin *standin = standin_new(base, note, NULL);
	size_t i;

	assert_non_null(standin);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		assert_int_equal(kill(standin_pid(standin), signals[i]), 0);
		wait_for((int)i + 1);
		assert_int_equal(last, signals[i]);
	}
	standin_free(standin);
}

static void
it_ends_when_it_is_freed(void **state)
{
	struct standin *standin = standin_new(base, note, NULL);
	int pidfd = pidfd_open(standin_pid(standin), 0);

	assert_int_not_equal(pidfd, -1);
	standin_free(standin);
	assert_true(has_ended(pidfd));
	close(pidfd);
}

/* A supervisor that is killed must not leave the stand-in behind. */
static void
it_ends_with_us(void **state)
{
	int ends[2], pidfd;
	pid_t child, pid;

	assert_int_equal(pipe(ends), 0);
	if ((child = fork()) == 0) {
		struct standin *standin = standin_new(base, note, NULL);

		pid = standin_pid(standin);
		if (write(ends[1], &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	pidfd = pidfd_open(pid, 0);
	assert_int_not_equal(pidfd, -1);
	kill(child, SIGKILL);
	assert_true(has_ended(pidfd));
	close(pidfd);
	close(ends[0]);
	close(ends[1]);
}

static void
one_that_was_killed_has_no_pid(void **state)
{
	struct standin *standin = standin_new(base, note, NULL);
	struct timeval deadline = { DEADLINE_MS / 1000, 0 };

	kill(standin_pid(standin), SIGKILL);
	event_base_loopexit(base, &deadline);
	while (standin_pid(standin) != 0 && !event_base_got_exit(base))
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(standin_pid(standin), 0);
	assert_int_equal(told, 0);
	standin_free(standin);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    every_signal_is_told_and_none_ends_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    it_ends_when_it_is_freed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    it_ends_with_us, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    one_that_was_killed_has_no_pid, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
