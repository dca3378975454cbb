/* SPDX-License-Identifier: ISC */
/*
 * Forking: signals and descriptors of a child, and the report of its failure.
 * In the child only system calls are made.
 */
#include "process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/lifetime.h"
#include "base/limits.h"

#define APART_MS 1000 /* for a child to close what is not its own */

/*
 * SIG_IGN survives execve(2), signal(7): a shell ignores INT and QUIT for a job
 * in the background, nohup(1) ignores HUP, libevent PIPE.  sigaction(3) refuses
 * 32 and 33, which the C library uses, but whoever started us may have ignored
 * these as well.  All zero is SIG_DFL in the kernel's struct, which no header
 * declares and which is smaller than this array on every machine.
 */
static void
reset_signals(void)
{
	static const unsigned long action[8];
	sigset_t none;
	int sig;

	for (sig = 1; sig < _NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, action, NULL, (_NSIG - 1) / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t
child_fork(void)
{
	/*
	 * Signals are blocked until the child has reset them: else a handler in
	 * the child would write to descriptors that it shares with the loop.
	 */
	pid_t pid = lifetime_fork();

	if (pid == 0)
		reset_signals();
	return pid;
}

/*
 * Wait until the other end is closed.  Not for ever: we may have one ourselves
 * that close(2) has refused to close.
 */
static void
await_end(int fd)
{
	struct pollfd end = { fd, POLLIN, 0 };
	int64_t limit = clock_ms() + APART_MS;
	int r;

	do
		r = poll(&end, 1, APART_MS);
	while (r == -1 && errno == EINTR && clock_ms() < limit);
}

/* The child closes the pipe's other end with all the others. */
pid_t
child_fork_apart(void)
{
	int held[2];
	pid_t pid;

	if (pipe2(held, O_CLOEXEC) == -1)
		return -1;
	if ((pid = child_fork()) == 0)
		return 0;
	fd_close(&held[1]);
	if (pid != -1)
		await_end(held[0]);
	fd_close(&held[0]);
	return pid;
}

int
child_arrange(int *fds, size_t n, size_t inherited)
{
	unsigned int end = CHILD_FD_FIRST + (unsigned int)n;
	struct rlimit limit, wide;
	int result;

	/* Those of the child and ours are open at once here: allow the most. */
	if (limits_of_child(&limit) == -1)
		return -1;
	wide = limit;
	wide.rlim_cur = wide.rlim_max;
	setrlimit(RLIMIT_NOFILE, &wide);
	result = fd_arrange(fds, n, CHILD_FD_FIRST, inherited);
	if (result == 0 && close_range(end, ~0U, 0) == -1)
		closefrom((int)end);
	setrlimit(RLIMIT_NOFILE, &limit);
	return result;
}

_Noreturn void
child_fail(int report, unsigned int step)
{
	const struct child_failure failure = { step, errno };

	fd_write_all(report, &failure, sizeof(failure));
	_exit(EXIT_FAILURE);
}

int
child_read_failure(int report, struct child_failure *failure)
{
	ssize_t n;

	do
		n = read(report, failure, sizeof(*failure));
	while (n == -1 && errno == EINTR);
	if (n == 0)
		return 0;
	return n == sizeof(*failure) ? 1 : -1;
}
