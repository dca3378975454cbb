/* SPDX-License-Identifier: ISC */
/*
 * A hidden socket is known by its device.
 */
#include "traffic/hiding.h"

#include <sys/socket.h>

#include "traffic/attach.h"
#include "traffic/inet.h"

void
hiding_hide_slot(struct group_slot *slot)
{
	if (!slot->hidden)
		inet_hide(slot->fd);
	slot->hidden = true;
}

bool
hiding_hide(
    const struct endpoint *at, struct group *group, unsigned int generation)
{
	struct group_slot *s;
	bool any = false;

	if (!inet_is_tcp(at) || !attach_has_keeper(group))
		return false;
	for (s = group->slots; s < group->slots + group->n; s++)
		if (s->generation == generation) {
			hiding_hide_slot(s);
			any = true;
		}
	return any;
}

bool
hiding_make_way(const struct group *group)
{
	const struct group_slot *s;

	for (s = group->slots; s < group->slots + group->n; s++)
		if (!s->hidden)
			return false;
	for (s = group->slots; s < group->slots + group->n; s++)
		shutdown(s->fd, SHUT_RDWR);
	return group->n > 0;
}

void
hiding_restore(const struct endpoint *at, struct group *group)
{
	struct group_slot *s;

	for (s = group->slots; s < group->slots + group->n; s++)
		s->hidden =
		    s->fd != -1 && inet_is_tcp(at) && inet_is_hidden(s->fd);
}
