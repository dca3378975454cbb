/* SPDX-License-Identifier: ISC */
/*
 * The end of a program's main process, as it is told to the program's owner.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/proc.h"
#include "process/origin.h"
#include "process/program.h"
#include "process/reaper.h"

#define LIMIT_MS 60000

static char directory[32];
static struct event_base *base;
static unsigned int ends;
static int last_status;

static void
heard(const struct notify_message *message, void *arg)
{
}

static void
nothing(void *arg)
{
}

static void
ended(int status, const char *how, void *arg)
{
	ends++;
	last_status = status;
}

static bool
owns(pid_t pid, void *arg)
{
	return false;
}

static void
hung(const char *how, void *arg)
{
}

static const struct program_events events = {
	.ready = nothing,
	.told = heard,
	.followed = nothing,
	.ended = ended,
	.owns = owns,
	.hung = hung,
	.stopped = nothing,
};

static int
setup(void **state)
{
	ends = 0;
	strlcpy(directory, "/tmp/program-test-XXXXXX", sizeof(directory));
	if (mkdtemp(directory) == NULL || (base = event_base_new()) == NULL)
		return -1;
	return reaper_init(base, NULL, NULL);
}

static int
teardown(void **state)
{
	reaper_fini();
	event_base_free(base);
	return rmdir(directory);
}

static pid_t
child_that_exits(int status)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGSTOP);
		_exit(status);
	}
	assert_int_equal(waitid(P_PID, pid, &info, WSTOPPED), 0);
	return pid;
}

/* Let it end, and leave it a zombie. */
static void
let_end(pid_t pid)
{
	siginfo_t info;

	kill(pid, SIGCONT);
	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
}

/* A program whose main process is this one. */
static struct program *
program_of(pid_t pid)
{
	const struct program_stop stop = { .signal = SIGTERM,
		.timeout_ms = 1000 };
	struct origin origin = { .uid = geteuid() };
	struct program *program;
	unsigned long long start;
	json_t *saved;

	program = program_new(base, "web", 1, directory, &origin, getegid(), -1,
	    &stop, &events, NULL);
	assert_non_null(program);
	assert_int_equal(proc_start_time(pid, &start), 0);
	saved = json_pack(
	    "{sI sI}", "main", (json_int_t)pid, "start", (json_int_t)start);
	program_restore(program, saved);
	json_decref(saved);
	assert_int_equal(program_main(program), pid);
	return program;
}

static void
wait_for_end(void)
{
	int64_t end = clock_ms() + LIMIT_MS;

	while (ends == 0 && clock_ms() < end)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(ends, 1);
}

static void
the_status_of_the_main_process_is_told(void **state)
{
	pid_t pid = child_that_exits(3);
	struct program *program = program_of(pid);

	let_end(pid);
	wait_for_end();
	assert_int_equal(WEXITSTATUS(last_status), 3);
	program_free(program);
}

/*
 * Nobody knows how it ended, as of one that was not our child, and another
 * process is just ending: it is looked once more for a main process.
 */
static void
an_unknown_status_stays_unknown_while_one_looks(void **state)
{
	pid_t pid = child_that_exits(0);
	struct program *program = program_of(pid);

	let_end(pid);
	reaper_told(pid, REAPER_UNKNOWN);
	assert_int_equal(ends, 0);
	wait_for_end();
	assert_int_equal(last_status, REAPER_UNKNOWN);
	program_free(program);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_status_of_the_main_process_is_told),
		TEST(an_unknown_status_stays_unknown_while_one_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
