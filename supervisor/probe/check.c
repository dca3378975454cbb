/* SPDX-License-Identifier: ISC */
/*
 * What every kind of check needs: its verdict as a text, and its time.
 */
#include "probe/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void
verdict_set(struct verdict *verdict, enum outcome outcome, const char *fmt, ...)
{
	va_list args;

	verdict->outcome = outcome;
	va_start(args, fmt);
	vsnprintf(verdict->line, sizeof(verdict->line), fmt, args);
	va_end(args);
}

int64_t
check_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

long
check_left_ms(const struct check *check)
{
	int64_t gone = (check_now_usec() - check->start_usec) / 1000;

	return gone < check->timeout_ms ? check->timeout_ms - (long)gone : 0;
}
