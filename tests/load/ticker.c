/* SPDX-License-Identifier: ISC */
/*
 * What wakes the load client is a timerfd, since the timeout of epoll_wait(2)
 * is in milliseconds and may be 50 us late, timer slack: prctl(2).
 */
#include "ticker.h"

#include <sys/timerfd.h>

#include <err.h>
#include <stddef.h>

#define SECOND 1000000000

int
ticker_open(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
}

void
ticker_set(int fd, int64_t at, int64_t now)
{
	static int64_t last = INT64_MAX;
	struct itimerspec times = { 0 };

	if (at == last && at > now)
		return;
	last = at;
	if (at != INT64_MAX) {
		times.it_value.tv_sec = at / SECOND;
		times.it_value.tv_nsec = at % SECOND;
	}
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &times, NULL) == -1)
		err(1, "timerfd");
}
