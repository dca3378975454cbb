/* SPDX-License-Identifier: ISC */
/*
 * Which processes may have sockets of a generation, and which sockets they have
 * open.
 */
#include "generation/stock.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/service.h"
#include "process/reaper.h"
#include "traffic/drain.h"

/*
 * Do we wait for its end, although it is no generation's main process?  Then it
 * is a prober, a command of a check or a hook, a logger or the like.
 */
static bool
is_helper(const struct service *service, pid_t pid)
{
	const struct generation *generation;

	if (!reaper_watches(pid))
		return false;
	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->program != NULL &&
		    program_main(generation->program) == pid)
			return false;
	}
	return true;
}

/* Keep the processes that are no helpers.  Returns their number. */
static size_t
leave_out_helpers(const struct service *service, pid_t *pids, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		if (!is_helper(service, pids[i]))
			pids[kept++] = pids[i];
	}
	return kept;
}

struct drain_set *
stock_take(const struct generation *generation)
{
	struct drain_set *set = NULL;
	const pid_t *members;
	size_t n, nstrays;
	pid_t *pids, *more;

	members = program_pids(generation->program, &n);
	if (members == NULL ||
	    (pids = program_strays(generation->program, &nstrays)) == NULL)
		return NULL;
	nstrays = leave_out_helpers(generation->service, pids, nstrays);
	more = reallocarray(pids, n + nstrays + 1, sizeof(*pids));
	if (more != NULL) {
		pids = more;
		memcpy(pids + nstrays, members, n * sizeof(*pids));
		set = drain_set_new(pids, n + nstrays);
	}
	free(pids);
	if (set == NULL || drain_set_is_whole(set))
		return set;
	drain_set_free(set);
	return NULL;
}

bool
stock_has_any(const struct drain_set *set, const int *fds, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (drain_set_has(set, fds[i]))
			return true;
	}
	return false;
}

bool
stock_has(const struct generation *generation, const pid_t *pids, size_t n)
{
	const struct service *service = generation->service;
	struct drain_set *set = drain_set_new(pids, n);
	bool found = false;
	const int *fds;
	size_t i, count;

	for (i = 0; set != NULL && i < service->nlisteners && !found; i++) {
		fds = listener_sockets(
		    service->listeners[i], generation->number, &count);
		found = stock_has_any(set, fds, count);
	}
	drain_set_free(set);
	return found;
}
