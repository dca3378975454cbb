/* SPDX-License-Identifier: ISC */
/*
 * How many sockets of the service a generation may have.
 */
#include "generation/allotment.h"

#include <stdio.h>

#include "base/fd.h"
#include "core/service.h"
#include "process/intercept.h"

#define GENERATIONS 3	 /* the former one, this one, and the next */
#define OTHERS	    64	 /* a generation's descriptors that are no sockets */
#define AT_ONE_MAX  1024 /* at one address: workers with SO_REUSEPORT */

static size_t
count_most(void)
{
	size_t spare = fd_spare();

	return spare > OTHERS ? (spare - OTHERS) / GENERATIONS : 0;
}

static size_t
count_all(const struct generation *generation)
{
	const struct service *service = generation->service;
	size_t i, n, sum = 0;

	for (i = 0; i < service->nlisteners; i++) {
		listener_sockets(service->listeners[i], generation->number, &n);
		sum += n;
	}
	return sum;
}

/* The socket of the call has the lowest number that was free. */
bool
allotment_has_room(const struct generation *generation,
    const struct listener *listener, const struct intercept_call *call)
{
	size_t n = 0;

	if (listener != NULL)
		listener_sockets(listener, generation->number, &n);
	return n < AT_ONE_MAX && !fd_is_scarce(call->fd) &&
	    count_all(generation) < count_most();
}

void
allotment_explain(const struct listener *listener, char *why, size_t size)
{
	snprintf(why, size,
	    "the program has as many sockets as the supervisor can hold for "
	    "it: %zu in all, or %d at one address; this socket and more like "
	    "it are %s; to hold more, raise LimitNOFILE= (ulimit -Hn) of the "
	    "supervisor, or let the program bind only what --listen names",
	    count_most(), AT_ONE_MAX,
	    listener != NULL ? "refused"
			     : "left to the kernel, and are not the service's");
}
