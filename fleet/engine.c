/* SPDX-License-Identifier: ISC */
#include "fleet/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int
engine_fail(struct store *store, int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(store->why, sizeof(store->why), fmt, args);
	va_end(args);
	errno = error;
	return -1;
}
