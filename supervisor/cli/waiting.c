/* SPDX-License-Identifier: ISC */
/*
 * Waiting for a descriptor.  SIGINT is blocked except during the wait itself,
 * so that a signal that comes just before the wait is not lost.
 */
#include "cli/waiting.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

static volatile sig_atomic_t interrupted;
static sigset_t mask_while_waiting;
static const sigset_t *wait_mask; /* NULL: leave it */
static struct termios terminal_before;
static char ending_key; /* 0: none */

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

void
waiting_arm_key(char key)
{
	struct sigaction act = { .sa_handler = interrupt };
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal_before) == -1)
		return;
	sigemptyset(&act.sa_mask);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	raw = terminal_before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
		ending_key = key;
}

void
waiting_disarm_key(void)
{
	if (ending_key != '\0')
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
	ending_key = '\0';
}

/* Was the key typed?  A terminal that has gone counts as the key. */
static bool
is_key_typed(const struct pollfd *pfd)
{
	char typed[64];
	ssize_t n;

	if (pfd->revents == 0)
		return false;
	n = read(STDIN_FILENO, typed, sizeof(typed));
	return n <= 0 || memchr(typed, ending_key, (size_t)n) != NULL;
}

int64_t
waiting_deadline(int64_t timeout_ms)
{
	return timeout_ms < 0 ? WAITING_FOREVER : clock_ms() + timeout_ms;
}

enum waited
waiting_for(int fd, int64_t deadline)
{
	struct pollfd pfds[] = { { .fd = fd, .events = POLLIN },
		{ .fd = ending_key != '\0' ? STDIN_FILENO : -1,
		    .events = POLLIN } };
	struct timespec left;
	int64_t ms;
	int n;

	for (;;) {
		ms = deadline - clock_ms();
		if (ms < 0)
			ms = 0;
		left.tv_sec = ms / 1000;
		left.tv_nsec = ms % 1000 * 1000000;
		n = ppoll(pfds, 2, deadline == WAITING_FOREVER ? NULL : &left,
		    wait_mask);
		if (n > 0 && is_key_typed(&pfds[1]))
			return WAITED_INTERRUPT;
		if (n > 0 && pfds[0].revents != 0)
			return WAITED_READABLE;
		if (n > 0)
			continue;
		if (n == 0)
			return WAITED_DEADLINE;
		if (errno != EINTR)
			return WAITED_ERROR;
		if (interrupted)
			return WAITED_INTERRUPT;
	}
}
