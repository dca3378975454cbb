/* SPDX-License-Identifier: ISC */
/*
 * What wakes the load client: a timer that ticks at the very times at which
 * new connections are due, and in between where these are far apart.
 */
#ifndef LOAD_TICKER_H
#define LOAD_TICKER_H

#include <stdint.h>

/*
 * A descriptor that becomes readable at start + n * interval (0: whenever it
 * likes) and at least every millisecond, all in ns of CLOCK_MONOTONIC.  Each
 * time 8 bytes are to be read, timerfd_create(2).  *New*; -1 with errno.
 */
int ticker_open(int64_t start, int64_t interval);

#endif
