/* SPDX-License-Identifier: ISC */
/*
 * Deputies: what an act returns, and that a deputy is known as one until it
 * has been waited for.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/deputy.h"
#include "process/reaper.h"
#include "process/tree.h"

#define LIMIT_MS 60000
#define MANY	 20

static struct credentials own;

static int
have_done(deputy_act *act, void *data, size_t size)
{
	const struct deputy_job job = { .who = &own,
		.directory = -1,
		.fd = -1,
		.act = act,
		.data = data,
		.size = size };

	return deputy_do(&job, NULL);
}

static int
say_pid(void *data, int *fd)
{
	*(pid_t *)data = getpid();
	return 0;
}

/* It has answered for its caller, who sees the socket closed, but lives. */
static int
live_on(void *data, int *fd)
{
	if (close_range(0, ~0U, 0) == -1)
		return -1;
	for (;;)
		pause();
}

/* The only child there is. */
static pid_t
find_child(struct tree *tree)
{
	pid_t pid = 0, *strays;
	size_t n;

	assert_non_null(tree_scan(tree, &n));
	assert_non_null(strays = tree_strays(tree, &n));
	if (n > 0)
		pid = strays[0];
	free(strays);
	return pid;
}

static pid_t
start_one_that_lives_on(void)
{
	pid_t pid, before = fork();

	/* PIDs are given out in turn; a later one is looked for. */
	if (before == 0)
		_exit(0);
	assert_int_equal(waitpid(before, NULL, 0), before);
	assert_int_equal(have_done(live_on, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
	for (pid = before + 1; pid < before + 10000; pid++)
		if (deputy_is(pid))
			return pid;
	return 0;
}

static void
an_act_changes_its_data(void **state)
{
	pid_t pid = 0;

	assert_int_equal(have_done(say_pid, &pid, sizeof(pid)), 0);
	assert_true(pid > 0 && pid != getpid());
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(deputy_reaped(pid));
}

static void
it_is_one_until_it_was_waited_for(void **state)
{
	pid_t pids[MANY];
	size_t i;

	for (i = 0; i < MANY; i++)
		assert_int_equal(
		    have_done(say_pid, &pids[i], sizeof(pids[i])), 0);
	for (i = 0; i < MANY; i++) {
		assert_true(deputy_is(pids[i]));
		assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
		assert_true(deputy_reaped(pids[i]));
		assert_false(deputy_is(pids[i]));
		assert_false(deputy_reaped(pids[i]));
	}
}

static void
one_that_lives_on_is_no_stray(void **state)
{
	struct tree *tree = tree_new("web", 1, "/n");
	pid_t other, pid = start_one_that_lives_on();

	assert_int_not_equal(pid, 0);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(find_child(tree), 0);
	if ((other = fork()) == 0) {
		alarm(60);
		for (;;)
			pause();
	}
	assert_int_equal(find_child(tree), other);
	kill(pid, SIGKILL);
	kill(other, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_true(deputy_reaped(pid));
	tree_free(tree);
}

static void
nobody_is_told(pid_t pid, int status, void *arg)
{
	*(bool *)arg = true;
}

static void
the_reaper_forgets_it(void **state)
{
	struct event_base *base = event_base_new();
	int64_t end = clock_ms() + LIMIT_MS;
	bool told = false;
	pid_t pid;

	assert_int_equal(reaper_init(base, nobody_is_told, &told), 0);
	assert_int_equal(have_done(say_pid, &pid, sizeof(pid)), 0);
	while (deputy_is(pid) && clock_ms() < end)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_false(deputy_is(pid));
	assert_false(told);
	reaper_fini();
	event_base_free(base);
}

static int
setup(void **state)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) == -1 ? -1
						      : credentials_own(&own);
}

static int
teardown(void **state)
{
	credentials_fini(&own);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_act_changes_its_data),
		cmocka_unit_test(it_is_one_until_it_was_waited_for),
		cmocka_unit_test(one_that_lives_on_is_no_stray),
		cmocka_unit_test(the_reaper_forgets_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
