/* SPDX-License-Identifier: ISC */
/*
 * Counting connections from outside: the kernel's socket diagnosis,
 * sock_diag(7), joined with the descriptors of processes in /proc.
 */
#ifndef TRAFFIC_DRAIN_H
#define TRAFFIC_DRAIN_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "traffic/address.h"

/* A set of sockets that some processes have open, by inode. */
struct drain_set;
struct activity;

/*
 * The sockets that these processes have open.  A process that has ended has
 * none; nor has one that we may not look into, if we may look into others.  A
 * look costs some 2 microseconds for each descriptor.  A set may be used for
 * several counts, but lacks sockets that were accepted since: believe a count
 * of 0 only with a new set.  *New*; NULL with errno: EACCES if we may look into
 * none of the processes.
 */
struct drain_set *drain_set_new(const pid_t *pids, size_t n);
void drain_set_free(struct drain_set *);

/* Is this socket of ours in the set? */
bool drain_set_has(const struct drain_set *, int fd);

/* A TCP connection that a process has open; borrowed for the call. */
struct drain_connection {
	pid_t pid;  /* one of those that have it */
	int number; /* its descriptor there */
	const struct inet_diag_msg *socket;
	const struct activity *activity;
};

typedef void drain_fn(const struct drain_connection *, void *arg);

/* Could we look into all of the processes? */
bool drain_set_is_whole(const struct drain_set *);

/*
 * Count the open connections at these addresses (in any state but LISTEN and
 * TIME_WAIT) whose socket is in the set.  A connection in an accept queue is in
 * no set, since no process has it open.  With NULL as set all are counted.  A
 * wildcard includes every connection of its port, a Unix path also its private
 * paths, PATH.hotswap-N; UDP has no connections.  handshakes, unless it is
 * NULL: how many handshakes of TCP are not complete there; they are not among
 * the connections.  -1 with errno: EAGAIN if the kernel's tables changed during
 * every attempt, ENOENT if it has no socket diagnosis.
 */
int drain_count(const struct drain_set *, const struct address *addresses,
    size_t n, int *handshakes);

/*
 * Call the function for each TCP connection that drain_count would count.  -1
 * as there, but for EAGAIN: a connection that comes or goes meanwhile may be
 * missing or come twice.
 */
int drain_each(const struct drain_set *, const struct address *addresses,
    size_t n, drain_fn *, void *arg);

#endif
