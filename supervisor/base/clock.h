/* SPDX-License-Identifier: ISC */
/*
 * Time: the monotonic clock for every decision, the calendar for people.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <sys/time.h>

#define CLOCK_STAMP 32 /* room for an RFC 3339 time with milliseconds */

/* Milliseconds of CLOCK_MONOTONIC, clock_gettime(2). */
int64_t clock_ms(void);

/* The present time in UTC as RFC 3339: 2026-01-31T12:00:00.000Z. */
void clock_stamp(char buf[static CLOCK_STAMP]);

/* Milliseconds as a struct timeval for event_add(3). */
struct timeval clock_interval(int64_t ms);

#endif
