/* SPDX-License-Identifier: ISC */
/*
 * Decides about connect(2) to a Unix address.  A program may connect often, so
 * what is not the service's address is passed on at once.
 */
#include "generation/own_path.h"

#include <errno.h>

#include "base/clock.h"
#include "core/service.h"
#include "generation/holding.h"
#include "generation/latecomers.h"
#include "generation/target.h"
#include "process/intercept.h"

#define MOOT_MS 1000 /* until processes are looked at again */
#define WAIT_MS 10   /* the same while the program starts */

/* May it be one that nobody serves, as far as its last part tells? */
static bool
may_be_unserved(const struct service *service, const struct holdings *holdings,
    const struct intercept_call *call)
{
	const struct listener *listener;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		if (target_may_be_at(listener, call) &&
		    !holdings_serve(holdings, listener))
			return true;
	}
	return false;
}

void
own_path_decide(const struct generation *generation,
    const struct holdings *holdings, struct intercept_call *call)
{
	struct target target;
	bool refuse;

	if (!may_be_unserved(generation->service, holdings, call) ||
	    target_init(&target, generation, call) == -1) {
		intercept_pass(call);
		return;
	}
	/* A program may have found the name in the directory. */
	target_take_private(&target, generation, call);
	/* Where there is no such file, the kernel says so. */
	refuse = target.listener != NULL &&
	    (!target.has_path || target.path.socket) &&
	    !target_is_ignored(&target, generation) &&
	    !holdings_serve(holdings, target.listener);
	target_fini(&target);
	if (refuse)
		intercept_done(call, ECONNREFUSED);
	else
		intercept_pass(call);
}

static bool
serves_all(const struct service *service, const struct holdings *holdings)
{
	const struct listener *listener;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		if (address_kind(listener_address(listener)) != ADDRESS_INET &&
		    !holdings_serve(holdings, listener))
			return false;
	}
	return true;
}

/* Can another generation still bind an address that is the service's then? */
static bool
may_grow(const struct generation *generation)
{
	const struct generation *other;

	TAILQ_FOREACH (other, &generation->service->generations, entry)
		if (other != generation && other->program != NULL &&
		    !latecomers_are_so(other->latecomers))
			return true;
	return false;
}

bool
own_path_is_moot(struct own_path *own, const struct generation *generation,
    const struct holdings *holdings)
{
	const struct service *service = generation->service;
	int64_t now = clock_ms();

	if (now >= own->until_ms || own->made != service->made) {
		own->made = service->made;
		own->moot =
		    !may_grow(generation) && serves_all(service, holdings);
		own->until_ms = now + (own->moot ? MOOT_MS : WAIT_MS);
	}
	return own->moot;
}
