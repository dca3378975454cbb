/* SPDX-License-Identifier: ISC */
/*
 * The open connections of a generation.
 */
#include "generation/connections.h"

#include <errno.h>
#include <stdlib.h>

#include "core/service.h"
#include "generation/roster.h"
#include "generation/steering.h"
#include "traffic/drain.h"

/* NULL with errno: the processes are not known; there may be some. */
static struct drain_set *
sockets_of(struct generation *generation)
{
	const pid_t *pids;
	size_t n;

	pids = program_pids(generation->program, &n);
	return pids != NULL ? drain_set_new(pids, n) : NULL;
}

static int
count_own(struct generation *generation, const struct address *addresses,
    int *handshakes)
{
	struct drain_set *set = sockets_of(generation);
	int count, saved;

	if (set == NULL)
		return -1;
	count = drain_count(
	    set, addresses, generation->service->nlisteners, handshakes);
	saved = errno;
	drain_set_free(set);
	errno = saved;
	return count;
}

/* Without any connection the processes need not be known. */
int
connections_count(struct generation *generation, int *handshakes)
{
	struct service *service = generation->service;
	struct address *addresses;
	int count, saved;

	if (generation->program == NULL)
		return 0;
	if ((addresses = roster_addresses(service)) == NULL)
		return -1;
	count = generation->crowded
	    ? 1
	    : drain_count(NULL, addresses, service->nlisteners, handshakes);
	if (count != 0)
		count = count_own(generation, addresses, handshakes);
	if (count >= 0)
		count += (int)steering_flows(generation);
	generation->crowded = count > 0;
	saved = errno;
	free(addresses);
	errno = saved;
	return count;
}

struct idle_connection *
connections_idle(
    struct generation *generation, struct idle_memory *memory, size_t *found)
{
	const struct service *service = generation->service;
	struct address *addresses = roster_addresses(service);
	struct idle_connection *list = NULL;
	struct drain_set *set = NULL;
	int saved;

	if (addresses != NULL)
		set = sockets_of(generation);
	if (set != NULL)
		list = idle_find(
		    memory, set, addresses, service->nlisteners, found);
	saved = errno;
	drain_set_free(set);
	free(addresses);
	errno = saved;
	return list;
}
