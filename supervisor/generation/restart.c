/* SPDX-License-Identifier: ISC */
/*
 * --restart and --restart-limit.
 */
#include "generation/restart.h"

#include "base/clock.h"
#include "core/generation.h"
#include "core/service.h"

#define BACKOFF_FIRST_MS   100
#define BACKOFF_LONGEST_MS 5000

bool
restart_is_wanted(const struct options *options, int status)
{
	return options->restart == RESTART_ALWAYS ||
	    (options->restart == RESTART_ON_FAILURE && status != 0);
}

int64_t
restart_wait(struct generation *generation)
{
	const struct restart_limit *limit =
	    &generation->service->options->restart_limit;
	int64_t now = clock_ms(), wait = BACKOFF_FIRST_MS;
	unsigned int i;

	if (now - generation->window_ms > limit->window_ms) {
		generation->window_ms = now;
		generation->recent = 0;
	}
	if (generation->recent++ >= limit->count)
		return -1;
	if (generation->recent == 1)
		return 0;
	for (i = 2; i < generation->recent && wait < BACKOFF_LONGEST_MS; i++)
		wait *= 2;
	return wait;
}
