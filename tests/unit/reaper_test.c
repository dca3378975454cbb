/* SPDX-License-Identifier: ISC */
/*
 * The reaper: no end is missed, and each is reported once.
 */
#include "process/reaper.h"

#include <errno.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define CROWD	 50
#define LIMIT_MS 60000
#define BLIND_MS 60000 /* for the watch to tell an end that it cannot see */

/* What a function was called with. */
struct told {
	unsigned int calls;
	pid_t pid;
	int status;
};

static struct event_base *base;
static struct told watched, orphaned;

static void
note(pid_t pid, int status, void *arg)
{
	struct told *told = arg;

	told->calls++;
	told->pid = pid;
	told->status = status;
}

static int
setup(void **state)
{
	memset(&watched, 0, sizeof(watched));
	memset(&orphaned, 0, sizeof(orphaned));
	base = event_base_new();
	return reaper_init(base, note, &orphaned);
}

static int
teardown(void **state)
{
	reaper_fini();
	event_base_free(base);
	return 0;
}

/* Run the loop until there were that many calls, and one turn more. */
static void
wait_for(const struct told *told, unsigned int calls)
{
	struct timeval limit = clock_interval(LIMIT_MS);
	int64_t end = clock_ms() + LIMIT_MS;

	event_base_loopexit(base, &limit);
	while (told->calls < calls && clock_ms() < end)
		event_base_loop(base, EVLOOP_ONCE);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(told->calls, calls);
}

static pid_t
child_that_exits(int status)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(status);
	assert_true(pid > 0);
	return pid;
}

/* Wait for the end of a process without reaping it. */
static void
await_zombie(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
}

static void
a_watcher_is_told_the_status(void **state)
{
	pid_t pid = child_that_exits(7);

	assert_int_equal(reaper_watch(pid, note, &watched), 0);
	wait_for(&watched, 1);
	assert_int_equal(watched.pid, pid);
	assert_int_equal(WEXITSTATUS(watched.status), 7);
	assert_int_equal(orphaned.calls, 0);
}

static void
a_child_that_ended_before_the_watch_is_not_missed(void **state)
{
	pid_t pid = child_that_exits(0);

	await_zombie(pid);
	reaper_watch(pid, note, &watched);
	wait_for(&watched, 1);
}

static void
a_child_that_ended_before_the_reaper_is_not_missed(void **state)
{
	pid_t pid;

	reaper_fini();
	await_zombie(pid = child_that_exits(0));
	assert_int_equal(reaper_init(base, note, &orphaned), 0);
	reaper_watch(pid, note, &watched);
	wait_for(&watched, 1);
}

static void
many_that_end_at_once_are_all_told(void **state)
{
	pid_t pids[CROWD];
	int i;

	for (i = 0; i < CROWD; i++) {
		pids[i] = child_that_exits(0);
		reaper_watch(pids[i], note, &watched);
	}
	for (i = 0; i < CROWD; i++)
		await_zombie(pids[i]);
	wait_for(&watched, CROWD);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
a_child_that_nobody_watches_is_an_orphan(void **state)
{
	pid_t pid = child_that_exits(3);

	wait_for(&orphaned, 1);
	assert_int_equal(orphaned.pid, pid);
	assert_int_equal(WEXITSTATUS(orphaned.status), 3);
}

static void
a_grandchild_comes_to_us(void **state)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (fork() == 0)
			_exit(9);
		_exit(0);
	}
	reaper_watch(pid, note, &watched);
	wait_for(&watched, 1);
	wait_for(&orphaned, 1);
	assert_int_equal(WEXITSTATUS(orphaned.status), 9);
}

static void
a_forgotten_child_is_an_orphan(void **state)
{
	pid_t pid = child_that_exits(0);

	reaper_watch(pid, note, &watched);
	reaper_forget(pid);
	reaper_forget(pid);
	wait_for(&orphaned, 1);
	assert_int_equal(watched.calls, 0);
}

static void
a_silent_watch_tells_nobody(void **state)
{
	pid_t first = child_that_exits(0), second;

	reaper_watch(first, note, &watched);
	reaper_watch(first, NULL, NULL);
	second = child_that_exits(0);
	reaper_watch(second, NULL, NULL);
	await_zombie(first);
	await_zombie(second);
	wait_for(&watched, 0);
	assert_int_equal(orphaned.calls, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* End the watch of the child whose PID is in arg, and begin another. */
static void
meddle(pid_t pid, int status, void *arg)
{
	const pid_t *other = arg;

	reaper_forget(*other);
	reaper_watch(child_that_exits(0), note, &watched);
}

static void
a_watcher_may_watch_and_forget(void **state)
{
	pid_t first = child_that_exits(0), second = child_that_exits(0);

	reaper_watch(first, meddle, &second);
	reaper_watch(second, meddle, &first);
	await_zombie(first);
	await_zombie(second);
	wait_for(&watched, 1);
	wait_for(&orphaned, 1);
}

/* A signal that is blocked is as good as one that the loop has lost. */
static void
an_end_is_told_without_a_signal(void **state)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	reaper_watch(child_that_exits(3), note, &watched);
	wait_for(&watched, 1);
	sigprocmask(SIG_UNBLOCK, &child, NULL);
	assert_int_equal(WEXITSTATUS(watched.status), 3);
}

/* 0: the end was told, with an unknown status, though waitpid(2) fails. */
static int
watch_blindly(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int64_t end = clock_ms() + BLIND_MS;

	memset(&watched, 0, sizeof(watched));
	base = event_base_new();
	if (reaper_init(base, note, &orphaned) == -1 ||
	    seccomp_rule_add(
		filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(wait4), 0) != 0 ||
	    seccomp_load(filter) != 0)
		return 2;
	reaper_watch(child_that_exits(0), note, &watched);
	while (watched.calls == 0 && clock_ms() < end)
		event_base_loop(base, EVLOOP_ONCE);
	return watched.calls == 1 && watched.status == REAPER_UNKNOWN ? 0 : 1;
}

/* A filter is for good, so a child has it. */
static void
an_end_is_told_while_waitpid_fails(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(2 * BLIND_MS / 1000);
		_exit(watch_blindly());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
statuses_are_described(void **state)
{
	char text[REAPER_DESCRIBE];

	reaper_describe(W_EXITCODE(1, 0), text, sizeof(text));
	assert_string_equal(text, "exited with status 1");
	reaper_describe(W_EXITCODE(0, SIGKILL), text, sizeof(text));
	assert_string_equal(text, "killed by SIGKILL");
	reaper_describe(W_EXITCODE(0, SIGSEGV) | WCOREFLAG, text, sizeof(text));
	assert_string_equal(text, "killed by SIGSEGV (core dumped)");
	reaper_describe(W_EXITCODE(0, 63), text, sizeof(text));
	assert_string_equal(text, "killed by signal 63");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_watcher_is_told_the_status),
		TEST(a_child_that_ended_before_the_watch_is_not_missed),
		TEST(a_child_that_ended_before_the_reaper_is_not_missed),
		TEST(many_that_end_at_once_are_all_told),
		TEST(a_child_that_nobody_watches_is_an_orphan),
		TEST(a_grandchild_comes_to_us),
		TEST(a_forgotten_child_is_an_orphan),
		TEST(a_silent_watch_tells_nobody),
		TEST(a_watcher_may_watch_and_forget),
		TEST(an_end_is_told_without_a_signal),
		cmocka_unit_test(an_end_is_told_while_waitpid_fails),
		cmocka_unit_test(statuses_are_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
