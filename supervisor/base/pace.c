/* SPDX-License-Identifier: ISC */
/*
 * How often something may happen, and how much of the supervisor's time a peer
 * may use.
 */
#include "base/pace.h"

#include <time.h>

#include "base/clock.h"

bool
pace_allows(struct pace *pace, unsigned int most, unsigned int span_ms)
{
	int64_t now = clock_ms();

	if (pace->n == 0 || now - pace->since_ms >= (int64_t)span_ms) {
		pace->since_ms = now;
		pace->n = 0;
	}
	if (pace->n >= most)
		return false;
	pace->n++;
	return true;
}

static int64_t
read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
share_clock_usec(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t
share_wall_usec(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

unsigned int
share_use(struct share *share, int64_t usec)
{
	int64_t now = share_wall_usec(), over;

	/* Below 0 is time that was given once, and is not refilled. */
	if (share->used_usec > 0) {
		share->used_usec -= (now - share->at_usec) / SHARE_PART;
		if (share->used_usec < 0)
			share->used_usec = 0;
	}
	share->at_usec = now;
	share->used_usec += usec;
	over = share->used_usec -
	    (share->saved_usec != 0 ? share->saved_usec : SHARE_SAVED_USEC);
	return over > 0 ? (unsigned int)(over * SHARE_PART / 1000) + 1 : 0;
}
