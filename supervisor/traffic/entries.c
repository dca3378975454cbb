/* SPDX-License-Identifier: ISC */
/*
 * The sockets of a listener by generation.
 */
#include "traffic/entries.h"

#include <stdlib.h>
#include <string.h>

#include "base/sockopt.h"

void
entries_fini(struct entries *e)
{
	free(e->generations);
	free(e->fds);
	free(e->cookies);
}

const int *
entries_of(const struct entries *e, unsigned int generation, size_t *n)
{
	size_t first = 0;

	while (first < e->n && e->generations[first] != generation)
		first++;
	for (*n = 0; first + *n < e->n; (*n)++)
		if (e->generations[first + *n] != generation)
			break;
	return first > 0 ? e->fds + first : e->fds;
}

int
entries_same(const struct entries *e, unsigned int generation, uint64_t cookie)
{
	size_t i;

	for (i = 0; i < e->n && cookie != 0; i++)
		if (e->generations[i] == generation && e->cookies[i] == cookie)
			return e->fds[i];
	return -1;
}

/* Make room for one more in each list.  -1 with errno. */
static int
grow(struct entries *e)
{
	unsigned int *generations;
	uint64_t *cookies;
	int *fds;

	generations =
	    reallocarray(e->generations, e->n + 1, sizeof(*generations));
	if (generations == NULL)
		return -1;
	e->generations = generations;
	fds = reallocarray(e->fds, e->n + 1, sizeof(*fds));
	if (fds == NULL)
		return -1;
	e->fds = fds;
	cookies = reallocarray(e->cookies, e->n + 1, sizeof(*cookies));
	if (cookies == NULL)
		return -1;
	e->cookies = cookies;
	return 0;
}

int
entries_add(struct entries *e, unsigned int generation, int fd)
{
	size_t at = e->n;

	if (grow(e) == -1)
		return -1;
	while (at > 0 && e->generations[at - 1] != generation)
		at--;
	if (at == 0)
		at = e->n;
	memmove(e->generations + at + 1, e->generations + at,
	    (e->n - at) * sizeof(*e->generations));
	memmove(e->fds + at + 1, e->fds + at, (e->n - at) * sizeof(*e->fds));
	memmove(e->cookies + at + 1, e->cookies + at,
	    (e->n - at) * sizeof(*e->cookies));
	e->generations[at] = generation;
	e->cookies[at] = sockopt_cookie(fd);
	e->fds[at] = fd;
	e->n++;
	return 0;
}

void
entries_remove(struct entries *e, const int *fds, size_t n)
{
	size_t first = (size_t)(fds - e->fds), rest = e->n - first - n;

	memmove(e->fds + first, e->fds + first + n, rest * sizeof(*e->fds));
	memmove(e->cookies + first, e->cookies + first + n,
	    rest * sizeof(*e->cookies));
	memmove(e->generations + first, e->generations + first + n,
	    rest * sizeof(*e->generations));
	e->n -= n;
}

void
entries_rename(struct entries *e, unsigned int from, unsigned int to)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		if (e->generations[i] == from)
			e->generations[i] = to;
}
