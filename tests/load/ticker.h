/* SPDX-License-Identifier: ISC */
/*
 * What wakes the load client: a timer that ticks exactly when new connections
 * are due, and in between if these times are far apart.
 */
#ifndef LOAD_TICKER_H
#define LOAD_TICKER_H

#include <stdint.h>

/*
 * A descriptor that becomes readable at start + n * interval (interval 0: at
 * any time) and at least every millisecond, all in ns of CLOCK_MONOTONIC.  Each
 * time 8 bytes must be read, timerfd_create(2).  *New*; -1 with errno.
 */
int ticker_open(int64_t start, int64_t interval);

#endif
