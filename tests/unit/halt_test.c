/* SPDX-License-Identifier: ISC */
/*
 * Halting: nothing of a program runs meanwhile, and only processes that are
 * older than the one that halts them are touched.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/halt.h"

static atomic_ulong *turns; /* of two threads; shared */

static void *
turn(void *arg)
{
	for (;;)
		atomic_fetch_add((atomic_ulong *)arg, 1);
	return NULL;
}

static void
rest(long ms)
{
	const struct timespec span = { .tv_nsec = ms * 1000000 };

	nanosleep(&span, NULL);
}

/* A program of two threads that never wait. */
static pid_t
start_program(void)
{
	pthread_t thread;
	pid_t pid;

	turns = mmap(NULL, 2 * sizeof(*turns), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(turns, MAP_FAILED);
	if ((pid = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pthread_create(&thread, NULL, turn, &turns[1]);
		turn(&turns[0]);
	}
	while (atomic_load(&turns[0]) == 0 || atomic_load(&turns[1]) == 0)
		rest(1);
	rest(20); /* its start is a tick of /proc ago */
	return pid;
}

static int
halted_turns(pid_t pid)
{
	unsigned long before[2];
	struct halt halt;

	if (halt_open(&halt, &pid, 1) == -1)
		return 1;
	/* A busy machine may be too late for HALT_LIMIT_MS. */
	while (halt_begin(&halt) == -1)
		if (errno != ETIMEDOUT)
			return 1;
	before[0] = atomic_load(&turns[0]);
	before[1] = atomic_load(&turns[1]);
	rest(50);
	if (before[0] != atomic_load(&turns[0]) ||
	    before[1] != atomic_load(&turns[1]))
		return 2;
	halt_end(&halt);
	while (atomic_load(&turns[0]) == before[0])
		rest(1);
	return 0;
}

static void
finish(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(turns, 2 * sizeof(*turns));
}

static int
status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
no_thread_runs(void **state)
{
	pid_t program = start_program(), halter;

	if ((halter = fork()) == 0)
		_exit(halted_turns(program));
	assert_int_equal(status_of(halter), 0);
	finish(program);
}

/* Its PID could be one that was given anew. */
static void
younger_processes_are_refused(void **state)
{
	pid_t program, halter;
	struct halt halt;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	if ((halter = fork()) == 0) {
		if (read(ends[0], &program, sizeof(program)) != sizeof(program))
			_exit(3);
		_exit(halt_open(&halt, &program, 1) == -1 && errno == EAGAIN
			? 0
			: 1);
	}
	program = start_program();
	assert_int_equal(
	    write(ends[1], &program, sizeof(program)), sizeof(program));
	assert_int_equal(status_of(halter), 0);
	finish(program);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_thread_runs),
		cmocka_unit_test(younger_processes_are_refused),
	};

	return cmocka_run_group_tests_name("halt", tests, NULL, NULL);
}
