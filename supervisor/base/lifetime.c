/* SPDX-License-Identifier: ISC */
/*
 * The beginning of a child, and its end with its parent.  hotswap-probe has
 * this too.
 */
#include "base/lifetime.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

pid_t
lifetime_fork(void)
{
	sigset_t all, before;
	int saved;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	if ((pid = fork()) == 0)
		return 0;
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

int
lifetime_bind(pid_t parent, int signal)
{
	if (prctl(PR_SET_PDEATHSIG, signal) == -1)
		return -1;
	/* No signal comes for an end that was before. */
	if (getppid() == parent)
		return 0;
	errno = ESRCH;
	return -1;
}
