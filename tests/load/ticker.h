/* SPDX-License-Identifier: ISC */
/*
 * What wakes the load client when something is due.
 */
#ifndef LOAD_TICKER_H
#define LOAD_TICKER_H

#include <stdint.h>

/* A descriptor, readable when its time has come.  *New*; -1 with errno. */
int ticker_open(void);

/*
 * That time is now `at`, in ns of CLOCK_MONOTONIC, and the one before is
 * forgotten, also if it has come.  INT64_MAX: never.
 */
void ticker_set(int fd, int64_t at, int64_t now);

#endif
