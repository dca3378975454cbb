/* SPDX-License-Identifier: ISC */
/*
 * Time: the monotonic clock for every decision, the calendar for people.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
clock_stamp(char buf[static CLOCK_STAMP])
{
	struct timespec now;
	struct tm tm;
	char date[24];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, CLOCK_STAMP, "%s.%03uZ", date,
	    (unsigned int)(now.tv_nsec / 1000000) % 1000);
}

struct timeval
clock_interval(int64_t ms)
{
	if (ms < 0)
		ms = 0;
	return (
	    struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}
