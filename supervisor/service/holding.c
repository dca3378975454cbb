/* SPDX-License-Identifier: ISC */
/*
 * Which processes have a generation's sockets open, by what /proc tells.
 */
#include "service/holding.h"

#include "service/service.h"
#include "traffic/drain.h"

static bool
has_any(const struct drain_set *set, const int *fds, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (drain_set_has(set, fds[i]))
			return true;
	}
	return false;
}

bool
holding_has(const struct generation *generation, const pid_t *pids, size_t n)
{
	const struct service *service = generation->service;
	struct drain_set *set = drain_set_new(pids, n);
	bool found = false;
	const int *fds;
	size_t i, count;

	for (i = 0; set != NULL && i < service->nlisteners && !found; i++) {
		fds = listener_sockets(
		    service->listeners[i], generation->number, &count);
		found = has_any(set, fds, count);
	}
	drain_set_free(set);
	return found;
}
