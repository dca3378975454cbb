/* SPDX-License-Identifier: ISC */
/*
 * Which processes belong to a generation: real processes, related in every way.
 * Each process that a test starts ends with the test.
 */
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "process/origin.h"
#include "process/proctable.h"
#include "process/tree.h"

#define DEADLINE_MS 60000
#define CROWD	    300
#define LIFETIME    60 /* seconds, if a test ends too early */

/* Started processes report their PIDs here. */
static int channel[2];

static void
say_pid(void)
{
	pid_t pid = getpid();

	if (write(channel[1], &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
}

static pid_t
hear_pid(void)
{
	pid_t pid;

	assert_int_equal(read(channel[0], &pid, sizeof(pid)), sizeof(pid));
	return pid;
}

static void __attribute__((noreturn)) stay(void)
{
	alarm(LIFETIME);
	say_pid();
	for (;;)
		pause();
}

/* Execute a program with exactly this environment. */
static void __attribute__((noreturn)) stay_marked(const char *const *env)
{
	execle("/bin/sleep", "sleep", "60", NULL, env);
	_exit(127);
}

/* Kill the process and reap it. */
static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool
has(struct tree *tree, pid_t pid)
{
	const pid_t *pids;
	size_t i, n;

	assert_non_null(pids = tree_scan(tree, &n));
	for (i = 0; i < n && pids[i] != pid; i++)
		;
	return i < n;
}

/* Right after fork(2) the child has not executed its program yet. */
static bool
gets(struct tree *tree, pid_t pid)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (!has(tree, pid)) {
		if (clock_ms() > deadline)
			return false;
	}
	return true;
}

static void
wait_for_program(pid_t pid)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;
	char path[32], name[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	while (strcmp(name, "sleep\n") != 0) {
		assert_true(clock_ms() < deadline);
		assert_non_null(file = fopen(path, "re"));
		assert_non_null(fgets(name, sizeof(name), file));
		fclose(file);
	}
}

static size_t
size(struct tree *tree)
{
	size_t n;

	assert_non_null(tree_scan(tree, &n));
	return n;
}

/* A process with a child, which has a child, for some generations. */
static void __attribute__((noreturn)) family(int depth)
{
	while (depth-- > 0 && fork() == 0)
		;
	stay();
}

static void
test_descendants(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	pid_t main_pid, other, pid;
	const pid_t *pids;
	size_t i, n;

	assert_int_equal(size(tree), 0);
	if ((other = fork()) == 0)
		stay();
	if ((main_pid = fork()) == 0)
		family(3);
	assert_int_equal(tree_add(tree, main_pid), 0);
	for (i = 0; i < 5; i++)
		hear_pid();
	assert_non_null(pids = tree_scan(tree, &n));
	assert_int_equal(n, 4);
	assert_int_equal(pids[0], main_pid);
	for (i = 0; i < n; i++)
		assert_int_not_equal(pids[i], other);
	tree_kill(tree, SIGKILL);
	for (i = 0; i < n; i++) {
		pid = wait(NULL);
		assert_int_not_equal(pid, other);
	}
	assert_int_equal(size(tree), 0);
	end(other);
	tree_free(tree);
}

static void
test_orphans_once_seen(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	pid_t main_pid, orphan;

	if ((main_pid = fork()) == 0) {
		if (fork() == 0) {
			setsid();
			stay();
		}
		pause();
	}
	orphan = hear_pid();
	assert_int_equal(tree_add(tree, main_pid), 0);
	assert_true(has(tree, orphan));
	end(main_pid);
	assert_true(has(tree, orphan));
	assert_int_equal(size(tree), 1);
	end(orphan);
	assert_int_equal(size(tree), 0);
	tree_free(tree);
}

/* Never seen and without marks, but in the main process's session. */
static void
test_orphans_by_session(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	pid_t main_pid, orphan;

	if ((main_pid = fork()) == 0) {
		setsid();
		if (fork() == 0) {
			if (fork() == 0)
				stay();
			_exit(0);
		}
		wait(NULL);
		stay();
	}
	orphan = hear_pid() + hear_pid() - main_pid;
	assert_int_equal(tree_add(tree, main_pid), 0);
	assert_int_equal(size(tree), 2);
	assert_true(has(tree, orphan));
	end(main_pid);
	end(orphan);
	tree_free(tree);
}

#define NAME   "HOTSWAP_NAME=web"
#define NUMBER "HOTSWAP_GENERATION=3"
#define NOTIFY "NOTIFY_SOCKET=/n"

static void
test_orphans_by_environment(void **state)
{
	static const struct {
		const char *env[5];
		bool ours;
	} cases[] = {
		{ { NAME, NUMBER, NOTIFY }, true },
		{ { "A=b", NOTIFY, NUMBER, NAME }, true },
		{ { NAME, NUMBER, NOTIFY, "HOTSWAP_ROLE=helper" }, false },
		{ { NAME, NUMBER, "NOTIFY_SOCKET=/nn" }, false },
		{ { NAME, NUMBER }, false }, /* of another service */
		{ { NAME, NOTIFY, "HOTSWAP_GENERATION=33" }, false },
		{ { NUMBER, NOTIFY, "HOTSWAP_NAME=we" }, false },
		{ { NUMBER, NOTIFY, "XHOTSWAP_NAME=web" }, false },
		{ { NAME, NOTIFY }, false },
		{ { NULL }, false },
	};
	struct tree *tree;
	pid_t pid;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tree = tree_new("web", 3, "/n");
		if ((pid = fork()) == 0)
			stay_marked(cases[i].env);
		wait_for_program(pid);
		/* The new name is there a moment before the environment. */
		assert_true(cases[i].ours ? gets(tree, pid) : !has(tree, pid));
		end(pid);
		tree_free(tree);
	}
}

#define MARK  "0123456789abcdef0123456789abcdef"
#define OTHER "0123456789abcdef0123456789abcdee"

/* Whoever knows the service's names must know its mark, too. */
static void
test_orphans_by_mark(void **state)
{
	static const struct {
		const char *env[5];
		bool ours;
	} cases[] = {
		{ { NAME, NUMBER, NOTIFY, "HOTSWAP_MARK=" MARK }, true },
		{ { NAME, NUMBER, NOTIFY, "HOTSWAP_MARK=" OTHER }, false },
		{ { NAME, NUMBER, NOTIFY, "HOTSWAP_MARK=" MARK "0" }, false },
		{ { NAME, NUMBER, NOTIFY, "HOTSWAP_MARK=" }, false },
		{ { NAME, NUMBER, NOTIFY, "XHOTSWAP_MARK=" MARK }, false },
		{ { NAME, NUMBER, NOTIFY }, false },
		{ { "HOTSWAP_MARK=" MARK }, false },
	};
	const struct origin origin = { MARK, getuid() };
	struct tree *tree;
	pid_t pid;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tree = tree_new("web", 3, "/n");
		tree_set_origin(tree, &origin);
		if ((pid = fork()) == 0)
			stay_marked(cases[i].env);
		wait_for_program(pid);
		/* The new name is there a moment before the environment. */
		assert_true(cases[i].ours ? gets(tree, pid) : !has(tree, pid));
		end(pid);
		tree_free(tree);
	}
}

static void
test_marks(void **state)
{
	struct origin one, other;

	origin_make(&one);
	origin_make(&other);
	assert_true(origin_is_mark(one.mark));
	assert_string_not_equal(one.mark, other.mark);
	assert_true(origin_is_mark(MARK));
	assert_false(origin_is_mark(MARK "0"));
	assert_false(origin_is_mark("0123456789ABCDEF0123456789abcdef"));
	assert_false(origin_is_mark(""));
}

/* What a helper leaves in our own session does not belong. */
static void
test_own_session_does_not_count(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	pid_t member, bystander;

	if ((member = fork()) == 0)
		stay();
	if ((bystander = fork()) == 0)
		stay();
	hear_pid();
	hear_pid();
	assert_int_equal(tree_add(tree, member), 0);
	assert_int_equal(size(tree), 1);
	assert_int_equal(tree_add(tree, getpid()), -1);
	assert_int_equal(errno, EINVAL);
	assert_false(has(tree, getpid()));
	assert_true(gets(tree, member));
	end(member);
	end(bystander);
	tree_free(tree);
}

/* Else a member's message could make us end our keeper, or PID 1. */
static void
test_nobody_above_us_belongs(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	pid_t child;
	int status;

	if ((child = fork()) == 0) {
		_exit(tree_add(tree, getppid()) == -1 && errno == EINVAL &&
			    tree_add(tree, 1) == -1 && errno == EINVAL
			? 0
			: 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	tree_add_session(tree, getsid(0));
	assert_false(has(tree, getppid()));
	assert_false(has(tree, 1));
	tree_free(tree);
}

static void
test_known_is_this_very_process(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	pid_t member, child;

	if ((member = fork()) == 0) {
		if (fork() == 0)
			stay();
		stay();
	}
	child = hear_pid();
	if (child == member)
		child = hear_pid();
	else
		hear_pid();
	assert_int_equal(tree_add(tree, member), 0);
	assert_true(tree_knows(tree, member));
	assert_false(tree_knows(tree, child)); /* not scanned yet */
	assert_true(has(tree, child));
	assert_true(tree_knows(tree, child));
	tree_kill(tree, SIGKILL);
	assert_int_equal(waitpid(member, NULL, 0), member);
	assert_false(tree_knows(tree, member));
	assert_int_equal(waitpid(child, NULL, 0), child);
	tree_free(tree);
}

static void
test_odd_names(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	pid_t main_pid;

	if ((main_pid = fork()) == 0) {
		prctl(PR_SET_NAME, ") Z 1 (\n");
		if (fork() == 0) {
			prctl(PR_SET_NAME, "a) b");
			stay();
		}
		stay();
	}
	hear_pid();
	hear_pid();
	assert_int_equal(tree_add(tree, main_pid), 0);
	assert_int_equal(size(tree), 2);
	tree_kill(tree, SIGKILL);
	assert_true(wait(NULL) > 0);
	assert_true(wait(NULL) > 0);
	tree_free(tree);
}

static void *
outlive(void *arg)
{
	stay();
}

/* Dead and not reaped; and dead in the first thread only. */
static void
test_zombies(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	pthread_t thread;
	siginfo_t info;
	pid_t pid;

	if ((pid = fork()) == 0)
		stay();
	hear_pid();
	assert_int_equal(tree_add(tree, pid), 0);
	assert_int_equal(size(tree), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(size(tree), 0);
	assert_int_equal(tree_add(tree, pid), -1);
	assert_int_equal(errno, ESRCH);
	end(pid);
	assert_int_equal(tree_add(tree, pid), -1);
	assert_int_equal(errno, ESRCH);

	if ((pid = fork()) == 0) {
		if (pthread_create(&thread, NULL, outlive, NULL) == 0)
			pthread_exit(NULL);
		_exit(1);
	}
	hear_pid();
	assert_int_equal(tree_add(tree, pid), 0);
	assert_int_equal(size(tree), 1);
	end(pid);
	tree_free(tree);
}

/* Fork a child with this very PID: clone3(2), for root only. */
static pid_t
fork_as(pid_t pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1 };

	return syscall(SYS_clone3, &args, sizeof(args));
}

static void
test_reused_pid(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	const struct timespec tick = { .tv_nsec = 20000000 };
	pid_t pid, again;

	if ((pid = fork()) == 0)
		stay();
	hear_pid();
	assert_int_equal(tree_add(tree, pid), 0);
	end(pid);
	/* Start times are in clock ticks of 10 ms. */
	nanosleep(&tick, NULL);
	if ((again = fork_as(pid)) == 0)
		stay();
	if (again == -1) {
		tree_free(tree);
		skip();
	}
	hear_pid();
	assert_int_equal(again, pid);
	tree_kill(tree, SIGKILL);
	assert_int_equal(size(tree), 0);
	assert_int_equal(waitpid(again, NULL, WNOHANG), 0);
	end(again);
	tree_free(tree);
}

/* Starts a process in a session of its own, which has no marks. */
static void *
start_another(void *arg)
{
	if (fork() == 0) {
		setsid();
		stay();
	}
	for (;;)
		pause();
}

static void
test_children_of_threads(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	pid_t main_pid, child;
	pthread_t thread;

	if ((main_pid = fork()) == 0) {
		alarm(LIFETIME);
		pthread_create(&thread, NULL, start_another, NULL);
		for (;;)
			pause();
	}
	child = hear_pid();
	assert_int_equal(tree_add(tree, main_pid), 0);
	assert_true(has(tree, child));
	end(main_pid);
	assert_true(has(tree, child));
	end(child);
	assert_int_equal(size(tree), 0);
	tree_free(tree);
}

/* Its parent is none of those below us: it is looked at by itself. */
static void
test_known_elsewhere(void **state)
{
	pid_t elsewhere, scanner;
	struct tree *tree;
	int status;

	if ((elsewhere = fork()) == 0)
		stay();
	hear_pid();
	if ((scanner = fork()) == 0) {
		tree = tree_new("web", 3, "/n");
		_exit(tree_add(tree, elsewhere) == -1 || !has(tree, elsewhere));
	}
	assert_int_equal(waitpid(scanner, &status, 0), scanner);
	end(elsewhere);
	assert_int_equal(status, 0);
}

/* Processor time, which other work on this machine takes from nobody. */
static double
elapsed_ms(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (now.tv_sec - from->tv_sec) * 1e3 +
	    (now.tv_nsec - from->tv_nsec) / 1e6;
}

/* What it costs to read /proc once, as each scan does. */
static double
table_ms(void)
{
	struct proctable table = { 0 };
	struct timespec start;
	double took;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	assert_int_equal(proctable_take(&table), 0);
	took = elapsed_ms(&start);
	free(table.processes);
	return took;
}

/* No matter how slow the machine is, a scan costs about what its table does. */
static void
test_crowd(void **state)
{
	struct tree *tree = tree_new("web", 3, "/n");
	double best = 1e9, table = 1e9, took;
	struct timespec start;
	pid_t main_pid;
	int i;

	if ((main_pid = fork()) == 0)
		family(CROWD - 1);
	for (i = 0; i < CROWD; i++)
		hear_pid();
	assert_int_equal(tree_add(tree, main_pid), 0);
	for (i = 0; i < 5; i++) {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
		assert_int_equal(size(tree), CROWD);
		if ((took = elapsed_ms(&start)) < best)
			best = took;
		if ((took = table_ms()) < table)
			table = took;
	}
	print_message("a scan with %d members: %.1f ms, its table %.1f ms\n",
	    CROWD, best, table);
	assert_true(best < 10 * table);
	tree_kill(tree, SIGKILL);
	for (i = 0; i < CROWD; i++)
		assert_true(wait(NULL) > 0);
	assert_int_equal(size(tree), 0);
	tree_free(tree);
}

static int
setup(void **state)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		return -1;
	return pipe(channel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descendants),
		cmocka_unit_test(test_orphans_once_seen),
		cmocka_unit_test(test_orphans_by_session),
		cmocka_unit_test(test_orphans_by_environment),
		cmocka_unit_test(test_orphans_by_mark),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_own_session_does_not_count),
		cmocka_unit_test(test_nobody_above_us_belongs),
		cmocka_unit_test(test_known_is_this_very_process),
		cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_zombies),
		cmocka_unit_test(test_reused_pid),
		cmocka_unit_test(test_children_of_threads),
		cmocka_unit_test(test_known_elsewhere),
		cmocka_unit_test(test_crowd),
	};

	int all, below;

	/* In all of /proc, then among our descendants: it is the same. */
	all = cmocka_run_group_tests(tests, setup, NULL);
	tree_set_first();
	below = cmocka_run_group_tests(tests, setup, NULL);
	return all + below;
}
