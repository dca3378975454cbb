/* SPDX-License-Identifier: ISC */
/*
 * A timer that interrupts, again and again.
 */
#include "base/impatience.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

static unsigned int depth;

static void
go_on(int number)
{
}

/* fork(2) does not copy timers: each process makes its own. */
static bool
get_timer(timer_t *timer)
{
	static pid_t owner;
	static timer_t own;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = IMPATIENCE_SIGNAL };
	struct sigaction action = { .sa_handler = go_on,
		.sa_flags = SA_RESTART };
	const pid_t us = getpid();

	if (owner != us && sigaction(IMPATIENCE_SIGNAL, &action, NULL) == 0 &&
	    timer_create(CLOCK_MONOTONIC, &event, &own) == 0)
		owner = us;
	*timer = own;
	return owner == us;
}

static void
set_limit(long ms)
{
	const struct timespec span = { .tv_nsec = ms * 1000000 };
	const struct itimerspec spec = { span, span };
	int saved = errno;
	timer_t timer;

	if (get_timer(&timer))
		timer_settime(timer, 0, &spec, NULL);
	errno = saved;
}

void
impatience_begin(void)
{
	if (depth++ == 0)
		set_limit(IMPATIENCE_MS);
}

void
impatience_end(void)
{
	if (--depth == 0)
		set_limit(0);
}
