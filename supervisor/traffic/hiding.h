/* SPDX-License-Identifier: ISC */
/*
 * Hiding of TCP sockets that are never chosen any more, before they are closed,
 * inet_hide.  A lookup of the kernel may have found such a socket before it was
 * hidden, so a grace period lies between: traffic/grace.h.
 *
 * The group's program still chooses a hidden socket by its place.  But a socket
 * that listens joins the group of one that is not hidden.
 */
#ifndef TRAFFIC_HIDING_H
#define TRAFFIC_HIDING_H

#include "traffic/endpoint.h"
#include "traffic/group.h"

/*
 * Hide what never serves again: the sockets of a generation that leaves (0: the
 * placeholders), as long as there is one that serves.  Are there any?
 */
bool hiding_hide(
    const struct endpoint *, struct group *, unsigned int generation);

void hiding_hide_slot(struct group_slot *); /* unless it is hidden */

/*
 * Before a socket joins: if all are hidden, they are shut down, or it would
 * make a group of its own beside theirs.  Were there any?
 */
bool hiding_make_way(const struct group *);

/* After a restart: find out which are hidden. */
void hiding_restore(const struct endpoint *, struct group *);

#endif
