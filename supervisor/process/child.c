/* SPDX-License-Identifier: ISC */
/*
 * Forking: signals and descriptors of a child.  What runs in the child makes
 * system calls only.
 */
#include "process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"

/*
 * SIG_IGN survives execve(2), signal(7): a shell's background job has INT
 * and QUIT ignored, nohup(1) HUP, libevent PIPE.  sigaction(3) refuses those
 * that the C library keeps to itself, 32 and 33, but whoever started us may
 * have ignored them too.  All zero is SIG_DFL in the kernel's struct, which
 * no header has and which is smaller than this on every machine.
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
	sigset_t all, before;
	int saved;
	pid_t pid;

	/*
	 * Until it has let go of them, a handler in the child would write to
	 * descriptors that it shares with the loop's.
	 */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		reset_signals();
		return 0;
	}
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

static int
arrange(int *fds, size_t n, size_t inherited)
{
	int end = CHILD_FD_FIRST + (int)n;
	size_t i;

	/* Out of each other's way first: a source may be another's goal. */
	for (i = 0; i < n; i++)
		if ((fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, end)) == -1)
			return -1;
	for (i = 0; i < n; i++)
		if (dup3(fds[i], CHILD_FD_FIRST + (int)i,
			i < inherited ? 0 : O_CLOEXEC) == -1)
			return -1;
	if (close_range(end, ~0U, 0) == -1)
		closefrom(end);
	return 0;
}

int
child_arrange(int *fds, size_t n, size_t inherited)
{
	struct rlimit limit, wide;
	int result;

	/* All, for the time in which it has its own beside all of ours. */
	if (limits_of_child(&limit) == -1)
		return -1;
	wide = limit;
	wide.rlim_cur = wide.rlim_max;
	setrlimit(RLIMIT_NOFILE, &wide);
	result = arrange(fds, n, inherited);
	setrlimit(RLIMIT_NOFILE, &limit);
	return result;
}
