/* SPDX-License-Identifier: ISC */
/*
 * What can be asked of a listener, which changes nothing.
 */
#include "traffic/listener.h"
#include "traffic/listener_fields.h"
#include "traffic/queue.h"

uint64_t
listener_given(const struct listener *l, unsigned int generation)
{
	return l->way->given != NULL ? l->way->given(l->state, generation) : 0;
}

size_t
listener_flows(
    const struct listener *l, unsigned int generation, int64_t idle_ms)
{
	return l->way->flows != NULL
	    ? l->way->flows(l->state, generation, idle_ms)
	    : 0;
}

enum listener_path
listener_leaf(const struct listener *l, const char *leaf)
{
	return l->way->leaf != NULL ? l->way->leaf(l->state, leaf) : PATH_OTHER;
}

bool
listener_is_in(const struct listener *l, const struct identity *directory)
{
	return l->way->is_there != NULL &&
	    l->way->is_there(l->state, directory);
}

bool
listener_is_gone(const struct listener *l)
{
	return l->way->is_gone != NULL && l->way->is_gone(l->state);
}

int
listener_queued(const struct listener *l, unsigned int generation)
{
	int queued, sum = 0;
	const int *fds;
	size_t i, n;

	fds = listener_sockets(l, generation, &n);
	for (i = 0; i < n; i++) {
		queued = queue_length(fds[i]);
		if (queued == -1)
			return -1;
		sum += queued;
	}
	return sum;
}

int
listener_direct(const struct listener *l, unsigned int generation,
    unsigned int n, struct address *to, struct address *source)
{
	return l->way->direct(l->state, generation, n, to, source);
}

const char *
listener_private(const struct listener *l, unsigned int generation,
    const struct directory **directory)
{
	return l->way->name != NULL
	    ? l->way->name(l->state, generation, directory)
	    : NULL;
}

int
listener_connect(const struct listener *l, unsigned int generation, int fd)
{
	return l->way->connect(l->state, generation, fd);
}
