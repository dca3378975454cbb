/* SPDX-License-Identifier: ISC */
/*
 * Tests one index after the other, while the rest of the program stays the
 * same.
 */
#include "traffic/order.h"

#include <errno.h>
#include <stdlib.h>

#include "traffic/attach.h"
#include "traffic/trace.h"

#define TRIES 5 /* an overflow of a queue looks like an answer */

/*
 * The sockets of the group, all or only the unsure ones.  Returns their number.
 */
static size_t
collect(const struct group *group, bool unsure, int *fds)
{
	const struct group_slot *s;
	size_t n = 0;

	for (s = group->slots; s < group->slots + group->n; s++)
		if (!s->gone && (s->unsure || !unsure))
			fds[n++] = s->fd;
	return n;
}

void
order_resolve(const struct endpoint *at, struct group *group,
    const struct steer_plan *plan)
{
	int *fds = calloc(group->n + 1, sizeof(*fds)), fd = 0;
	ssize_t index;
	size_t n;

	while (fds != NULL && fd != -1 && (index = group_unsure(group)) != -1) {
		if (attach_plan(at, group, plan, index) == -1)
			break;
		n = collect(group, true, fds);
		if ((fd = trace_index(at, fds, n)) != -1)
			group_assure(group, (size_t)index, fd);
	}
	free(fds);
}

static bool
has_keeper(const struct group *group)
{
	size_t i;

	for (i = 0; i < group->n; i++)
		if (group_is_keeper(&group->slots[i]))
			return true;
	return false;
}

static bool
has(const int *fds, size_t n, int fd)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (fds[i] == fd)
			return true;
	return false;
}

/* Find the socket of each index; each of the n sockets must be found once. */
static int
ask(const struct endpoint *at, const struct group *group,
    const struct steer_plan *plan, const int *fds, int *found, size_t n)
{
	size_t i;

	if (n == 1)
		found[0] = fds[0];
	for (i = 0; i < n && n > 1; i++) {
		if (attach_plan(at, group, plan, (ssize_t)i) == -1 ||
		    (found[i] = trace_index(at, fds, n)) == -1)
			return -1;
		if (has(found, i, found[i])) {
			errno = ENOENT;
			return -1;
		}
	}
	return 0;
}

int
order_find(const struct endpoint *at, struct group *group,
    const struct steer_plan *plan)
{
	int *fds = calloc(2 * group->n + 1, sizeof(*fds)), *found;
	int result = -1, tries;
	size_t n;

	if (fds == NULL)
		return -1;
	if (!has_keeper(group)) { /* no socket is chosen: any order will do */
		free(fds);
		group_vanish(group, true);
		return 0;
	}
	found = fds + group->n;
	n = collect(group, false, fds);
	for (tries = 0; tries < TRIES && result == -1; tries++)
		result = ask(at, group, plan, fds, found, n);
	if (result == 0)
		group_reorder(group, found, n);
	free(fds);
	return result;
}
