/* SPDX-License-Identifier: ISC */
/*
 * What wakes the load client.  It is a timerfd, since the timeout of
 * epoll_wait(2) is in milliseconds and may be 50 us late, timer slack:
 * prctl(2).
 */
#include "ticker.h"

#include <sys/param.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SECOND	 1000000000
#define TICK_MAX 1000000
#define TICK_MIN 100000

int
ticker_open(int64_t start, int64_t interval)
{
	struct itimerspec times = { 0 };
	int64_t tick = TICK_MAX;
	int fd;

	if (interval > 0)
		tick = MAX(interval / (interval / TICK_MAX + 1), TICK_MIN);
	times.it_value.tv_sec = (start + tick) / SECOND;
	times.it_value.tv_nsec = (start + tick) % SECOND;
	times.it_interval.tv_nsec = tick;
	if ((fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) == -1)
		return -1;
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &times, NULL) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}
