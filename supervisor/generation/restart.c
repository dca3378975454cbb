/* SPDX-License-Identifier: ISC */
/*
 * --restart and --restart-limit, and what they do not count.
 */
#include "generation/restart.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/lack.h"
#include "core/events.h"
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

/* Before the nth try, n from 1 on. */
static int64_t
growing_wait(unsigned int n)
{
	int64_t wait = BACKOFF_FIRST_MS;

	for (; n > 1 && wait < BACKOFF_LONGEST_MS; n--)
		wait *= 2;
	return wait < BACKOFF_LONGEST_MS ? wait : BACKOFF_LONGEST_MS;
}

int64_t
restart_wait(struct generation *generation)
{
	const struct restart_limit *limit =
	    &generation->service->options->restart_limit;
	int64_t now = clock_ms();

	if (now - generation->window_ms > limit->window_ms) {
		generation->window_ms = now;
		generation->recent = 0;
	}
	if (generation->recent++ >= limit->count)
		return -1;
	return generation->recent == 1 ? 0
				       : growing_wait(generation->recent - 1);
}

int
restart_note(struct generation *generation, int result)
{
	/* What does not get on in time may block us each time: that is counted.
	 */
	if (result == -1 && errno != ETIMEDOUT && lack_is(errno)) {
		generation->lacks++;
		return result;
	}
	generation->lacks = 0;
	generation->lacking[0] = '\0';
	return result;
}

int64_t
restart_wait_for_system(const struct generation *generation)
{
	return generation->lacks == 0 ? 0 : growing_wait(generation->lacks);
}

void
restart_after(struct generation *generation, int64_t ms)
{
	const struct timeval delay = clock_interval(ms);

	evtimer_add(generation->backoff, &delay);
}

bool
restart_lacks_for_long(const struct generation *generation)
{
	return generation->lacks >=
	    generation->service->options->restart_limit.count;
}

void
restart_tell_lack(struct generation *generation, const char *why)
{
	const size_t size = sizeof(generation->lacking);

	if (strncmp(generation->lacking, why, size - 1) == 0)
		return;
	strlcpy(generation->lacking, why, size);
	events_emit(generation->service, "warning", generation,
	    "%s: this is tried again until it succeeds", why);
}
