/* SPDX-License-Identifier: ISC */
/*
 * Waiting for a descriptor.  SIGINT is blocked but for the wait itself, so
 * that one that comes just before it is not lost.
 */
#include "cli/waiting.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>

#include "base/clock.h"

static volatile sig_atomic_t interrupted;
static sigset_t mask_while_waiting;
static const sigset_t *wait_mask; /* NULL: leave it */

static void
interrupt(int signal)
{
	interrupted = 1;
}

void
waiting_arm(void)
{
	struct sigaction act = { .sa_handler = interrupt }, old;
	sigset_t block;

	sigaction(SIGINT, NULL, &old);
	if (old.sa_handler == SIG_IGN)
		return;
	sigemptyset(&act.sa_mask);
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigprocmask(SIG_BLOCK, &block, &mask_while_waiting);
	sigdelset(&mask_while_waiting, SIGINT);
	wait_mask = &mask_while_waiting;
	sigaction(SIGINT, &act, NULL);
}

int64_t
waiting_deadline(int64_t timeout_ms)
{
	return timeout_ms < 0 ? WAITING_FOREVER : clock_ms() + timeout_ms;
}

enum waited
waiting_for(int fd, int64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct timespec left;
	int64_t ms;
	int n;

	for (;;) {
		ms = deadline - clock_ms();
		if (ms < 0)
			ms = 0;
		left.tv_sec = ms / 1000;
		left.tv_nsec = ms % 1000 * 1000000;
		n = ppoll(&pfd, 1, deadline == WAITING_FOREVER ? NULL : &left,
		    wait_mask);
		if (n == 1)
			return WAITED_READABLE;
		if (n == 0)
			return WAITED_DEADLINE;
		if (errno != EINTR)
			return WAITED_ERROR;
		if (interrupted)
			return WAITED_INTERRUPT;
	}
}
