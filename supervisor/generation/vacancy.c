/* SPDX-License-Identifier: ISC */
/*
 * Looks who has the sockets that are in the way of a bind(2).
 */
#include "generation/vacancy.h"

#include <netinet/in.h>
#include <stdbool.h>

#include "base/sockopt.h"
#include "core/service.h"
#include "generation/holding.h"
#include "generation/roster.h"
#include "generation/stock.h"
#include "generation/target.h"
#include "process/intercept_call.h"
#include "traffic/drain.h"

/* Close what nobody has; is nothing of the generation left there? */
static bool
clear(struct generation *generation, struct holdings *holdings,
    struct listener *listener, const struct drain_set *set)
{
	const int *fds;
	size_t n;

	fds = listener_sockets(listener, generation->number, &n);
	while (n > 0 && !stock_has_any(set, fds, n)) {
		holdings_drop(holdings, listener, fds[0]);
		fds = listener_sockets(listener, generation->number, &n);
	}
	return n == 0;
}

void
vacancy_make(struct generation *generation, struct holdings *holdings,
    const struct target *target, const struct intercept_call *call)
{
	bool v6only = sockopt_is_set(call->fd, IPPROTO_IPV6, IPV6_V6ONLY);
	struct listener *listener =
	    target_own_obstacle(target, generation, v6only);
	struct drain_set *set;

	if (listener == NULL || (set = stock_take(generation)) == NULL)
		return;
	while (listener != NULL && clear(generation, holdings, listener, set))
		listener = target_own_obstacle(target, generation, v6only);
	drain_set_free(set);
	roster_tidy(generation->service);
	generation->service->generation_events->closed(generation);
}
