/* SPDX-License-Identifier: ISC */
/*
 * Counting connections from outside: the kernel's socket diagnosis,
 * sock_diag(7), joined with the descriptors of processes in /proc.
 */
#ifndef TRAFFIC_DRAIN_H
#define TRAFFIC_DRAIN_H

#include <stddef.h>
#include <sys/types.h>

#include "traffic/address.h"

/* A set of sockets, by inode: what some processes have open. */
struct drain_set;

/* The sockets that these processes have open.  *New*; NULL with errno. */
struct drain_set *drain_set_new(const pid_t *pids, size_t n);
void drain_set_free(struct drain_set *);

/*
 * Open connections at these addresses (states other than LISTEN and
 * TIME_WAIT) whose socket is in the set; UDP has none.  Returns their
 * number; -1 with errno.
 */
int drain_count(
    const struct drain_set *, const struct address *addresses, size_t n);

#endif
