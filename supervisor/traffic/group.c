/* SPDX-License-Identifier: ISC */
/*
 * What joins and departures do to the array, and which placeholders are needed.
 */
#include "traffic/group.h"

#include <assert.h>
#include <stdlib.h>

void
group_fini(struct group *g)
{
	free(g->slots);
	*g = (struct group){ 0 };
}

int
group_append(struct group *g, int fd, unsigned int generation)
{
	struct group_slot *slots;
	size_t room;

	if (g->n == g->room) {
		room = g->room == 0 ? 8 : g->room * 2;
		slots = reallocarray(g->slots, room, sizeof(*slots));
		if (slots == NULL)
			return -1;
		g->slots = slots;
		g->room = room;
	}
	g->slots[g->n++] =
	    (struct group_slot){ .fd = fd, .generation = generation };
	return 0;
}

ssize_t
group_find(const struct group *g, int fd)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (g->slots[i].fd == fd)
			return (ssize_t)i;
	return -1;
}

bool
group_is_keeper(const struct group_slot *s)
{
	return s->generation != 0 && !s->leaving;
}

/* The index of the first slot behind the last keeper. */
static size_t
tail(const struct group *g)
{
	size_t i = g->n;

	while (i > 0 && !group_is_keeper(&g->slots[i - 1]))
		i--;
	return i;
}

/* A single unsure slot is certain: there is no other one to confuse it with. */
static void
settle(struct group *g)
{
	struct group_slot *only = NULL;
	size_t i, n = 0;

	for (i = 0; i < g->n; i++)
		if (g->slots[i].unsure) {
			only = &g->slots[i];
			n++;
		}
	if (n == 1)
		only->unsure = false;
}

void
group_remove(struct group *g, size_t index)
{
	struct group_slot *last = &g->slots[g->n - 1];

	assert(index < g->n);
	/* If the place is not certain, neither is the slot that fills it. */
	last->unsure |= g->slots[index].unsure;
	g->slots[index] = *last;
	g->n--;
	settle(g);
}

void
group_vanish(struct group *g, bool mixed)
{
	size_t i, n = 0;

	for (i = 0; i < g->n; i++) {
		g->slots[i].leaving |= g->slots[i].gone;
		n += g->slots[i].gone;
	}
	if (n > 1 || (n == 1 && mixed))
		for (i = tail(g); i < g->n; i++)
			g->slots[i].unsure = true;
	/* From the end, so that no socket that is gone is moved. */
	for (i = g->n; i-- > 0;)
		if (g->slots[i].gone)
			group_remove(g, i);
}

void
group_reorder(struct group *g, const int *fds, size_t n)
{
	struct group_slot slot;
	ssize_t other;
	size_t i;

	for (i = 0; i < n; i++) {
		other = group_find(g, fds[i]);
		assert(other >= (ssize_t)i);
		slot = g->slots[other];
		g->slots[other] = g->slots[i];
		slot.unsure = slot.gone = false;
		g->slots[i] = slot;
	}
	g->n = n;
}

static size_t
count_leaving(const struct group *g)
{
	size_t i, n = 0;

	for (i = 0; i < g->n; i++)
		n += g->slots[i].leaving;
	return n;
}

size_t
group_missing(const struct group *g)
{
	size_t leaving = count_leaving(g), spare = g->n - tail(g);

	return leaving > spare ? leaving - spare : 0;
}

/* Are all sockets of one generation, but for one placeholder? */
static bool
all_but_one_are_alike(const struct group *g)
{
	unsigned int generation = 0;
	size_t i, placeholders = 0;

	for (i = 0; i < g->n; i++) {
		if (g->slots[i].generation == 0) {
			placeholders++;
			continue;
		}
		if (generation != 0 && g->slots[i].generation != generation)
			return false;
		generation = g->slots[i].generation;
	}
	return placeholders == 1;
}

ssize_t
group_spare(const struct group *g, int fresh)
{
	size_t i;

	if (g->n == 0 || count_leaving(g) > 0)
		return -1;
	if (g->slots[g->n - 1].generation == 0)
		return (ssize_t)g->n - 1;
	if (g->slots[g->n - 1].fd != fresh && !all_but_one_are_alike(g))
		return -1;
	for (i = 0; i < g->n; i++)
		if (g->slots[i].generation == 0 && !g->slots[i].unsure)
			return (ssize_t)i;
	return -1;
}

ssize_t
group_exchange(const struct group *g)
{
	size_t leaving = count_leaving(g), i = g->n, behind;

	if (leaving == 0)
		return -1;
	/* The last keeper but for the socket that has joined. */
	for (i--; i > 0 && !group_is_keeper(&g->slots[i - 1]); i--)
		;
	behind = g->n - i;
	if (behind < leaving + 1)
		return -1;
	for (i = 0; i < g->n; i++)
		if (g->slots[i].generation == 0 && !g->slots[i].unsure)
			return (ssize_t)i;
	return -1;
}

ssize_t
group_unsure(const struct group *g)
{
	size_t i;

	if (count_leaving(g) > 0)
		return -1;
	for (i = 0; i < g->n; i++)
		if (g->slots[i].unsure)
			return (ssize_t)i;
	return -1;
}

void
group_assure(struct group *g, size_t index, int fd)
{
	ssize_t other = group_find(g, fd);
	struct group_slot slot;

	assert(other >= 0 && g->slots[index].unsure && g->slots[other].unsure);
	slot = g->slots[other];
	g->slots[other] = g->slots[index];
	g->slots[index] = slot;
	g->slots[index].unsure = false;
	settle(g);
}
