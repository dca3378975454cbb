/* SPDX-License-Identifier: ISC */
/*
 * When a candidate yields the processor, and that it does not any longer.
 */
#include "generation/quiet.h"

#include <stdlib.h>

#include "base/log.h"
#include "config/options.h"
#include "core/service.h"
#include "core/state.h"
#include "process/program.h"
#include "process/yielding.h"

#define PART	   3	/* of --start-timeout, after which it ends */
#define PASSES_MAX 8	/* over a program that goes on forking */
#define AGAIN_MS   1000 /* when they were not enough */
#define QUIET_WHY  128

/* Would somebody who is served wait for the candidate? */
static bool
serves_at_once(const struct service *service)
{
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (listener_way(service->listeners[i]) == LISTENER_SHARE)
			return true;
	}
	return false;
}

static bool
is_wanted(const struct generation *generation)
{
	const struct service *service = generation->service;
	const struct options *options = service->options;
	enum release_kind kind = service->release.kind;

	return options->quiet && options->strategy != STRATEGY_EXCLUSIVE &&
	    (kind == RELEASE_UPGRADE || kind == RELEASE_RESTART) &&
	    service->active != NULL && service->active->program != NULL &&
	    program_main(service->active->program) != 0 &&
	    !serves_at_once(service);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	quiet_end(arg);
}

void
quiet_begin(struct generation *generation)
{
	const struct options *options = generation->service->options;
	struct timeval most = clock_interval(options->start_timeout_ms / PART);
	char why[QUIET_WHY];

	if (!is_wanted(generation))
		return;
	if (!yielding_can_end(why, sizeof(why))) {
		log_warn("generation %u: --quiet has no effect: %s",
		    generation->number, why);
		return;
	}
	generation->unquiet =
	    evtimer_new(generation->service->base, on_time, generation);
	if (generation->unquiet != NULL &&
	    evtimer_add(generation->unquiet, &most) == 0)
		generation->quiet = true;
}

typedef size_t change_fn(const pid_t *, size_t n);

/*
 * Change all its processes.  One that was made by a process that had not been
 * changed yet is found by the next pass; false if the passes were not enough.
 */
static bool
change(struct generation *generation, change_fn *fn)
{
	const pid_t *pids;
	unsigned int pass;
	size_t n;

	if (generation->program == NULL)
		return true;
	for (pass = 0; pass < PASSES_MAX; pass++) {
		pids = program_pids(generation->program, &n);
		if (pids != NULL && fn(pids, n) == 0)
			return true;
	}
	return false;
}

/* Not before the program is executed, since we wait for that. */
void
quiet_started(struct generation *generation)
{
	if (generation->quiet)
		change(generation, yielding_begin);
}

void
quiet_end(struct generation *generation)
{
	const struct timeval again = clock_interval(AGAIN_MS);

	if (!generation->quiet)
		return;
	if (!change(generation, yielding_end)) {
		if (generation->unquiet == NULL)
			generation->unquiet = evtimer_new(
			    generation->service->base, on_time, generation);
		if (generation->unquiet != NULL)
			evtimer_add(generation->unquiet, &again);
		return;
	}
	quiet_forget(generation);
	state_changed(generation->service);
}

void
quiet_forget(struct generation *generation)
{
	if (generation->unquiet != NULL)
		event_free(generation->unquiet);
	generation->unquiet = NULL;
	generation->quiet = false;
}

void
quiet_end_all(struct service *service)
{
	struct generation *generation;

	TAILQ_FOREACH (generation, &service->generations, entry)
		quiet_end(generation);
}
