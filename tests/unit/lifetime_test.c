/* SPDX-License-Identifier: ISC */
/*
 * A child ends with its parent, and does not go on if the parent ended first.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/lifetime.h"

static int told; /* what the child writes; it ends with the child */
static int go;	 /* the parent ends when this is closed */
static pid_t parent;

static void
await_end_of_parent(void)
{
	while (getppid() == parent)
		usleep(1000);
}

static void
bound(int out)
{
	dprintf(out, "%d", lifetime_bind(parent, SIGKILL));
	for (;;)
		pause();
}

static void
late(int out)
{
	await_end_of_parent();
	if (lifetime_bind(parent, SIGKILL) == -1 && errno == ESRCH)
		dprintf(out, "l");
}

static void
released(int out)
{
	if (lifetime_bind(parent, SIGKILL) == 0)
		dprintf(out, "%d", lifetime_bind(parent, 0));
	await_end_of_parent();
	dprintf(out, "r");
}

/* A child of a child of ours does this. */
static void
begin(void (*act)(int out))
{
	int out[2], in[2];
	char c;

	assert_return_code(pipe(out), errno);
	assert_return_code(pipe(in), errno);
	if ((parent = fork()) == 0) {
		close(in[1]);
		parent = getpid();
		if (fork() == 0) {
			close(out[0]);
			act(out[1]);
			_exit(0);
		}
		_exit(read(in[0], &c, 1) != 0);
	}
	close(out[1]);
	close(in[0]);
	told = out[0];
	go = in[1];
}

static void
end_parent(void)
{
	close(go);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
}

/* '\0': the child has ended. */
static char
next_told(void)
{
	char c = '\0';

	assert_return_code(read(told, &c, 1), errno);
	return c;
}

static void
test_bound(void **state)
{
	begin(bound);
	assert_int_equal(next_told(), '0');
	end_parent();
	assert_int_equal(next_told(), '\0');
}

static void
test_late(void **state)
{
	begin(late);
	end_parent();
	assert_int_equal(next_told(), 'l');
}

static void
test_released(void **state)
{
	begin(released);
	assert_int_equal(next_told(), '0');
	end_parent();
	assert_int_equal(next_told(), 'r');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
