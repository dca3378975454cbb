/* SPDX-License-Identifier: ISC */
/*
 * Counting connections from outside: the kernel's socket diagnosis,
 * sock_diag(7), joined with the descriptors of processes in /proc.
 */
#ifndef TRAFFIC_DRAIN_H
#define TRAFFIC_DRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "traffic/address.h"

/* A set of sockets, by inode: what some processes have open. */
struct drain_set;

/*
 * The sockets that these processes have open.  Processes that are gone, or
 * that may not be looked into while others may, have none.  Looking costs
 * some 2 microseconds a descriptor.  A set may be kept from count to count,
 * only that it lacks what was accepted since: believe a count of 0 from a
 * new set alone.  *New*; NULL with errno: EACCES if none of the processes
 * may be looked into.
 */
struct drain_set *drain_set_new(const pid_t *pids, size_t n);
void drain_set_free(struct drain_set *);

/* Is this socket of ours among them? */
bool drain_set_has(const struct drain_set *, int fd);

/* Could all of the processes be looked into? */
bool drain_set_is_whole(const struct drain_set *);

/*
 * Open connections at these addresses (states other than LISTEN and
 * TIME_WAIT) whose socket is in the set: those that wait in an accept queue
 * are not, nobody has them open.  Without a set (NULL) all of them.  A wildcard
 * takes in every connection of its port, a Unix path also its private ones,
 * PATH.hotswap-N; UDP has none. Returns their number; -1 with errno: EAGAIN if
 * the kernel's tables never stood still for long enough, ENOENT if it has no
 * socket diagnosis.
 */
int drain_count(
    const struct drain_set *, const struct address *addresses, size_t n);

#endif
