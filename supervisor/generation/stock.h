/* SPDX-License-Identifier: ISC */
/*
 * The sockets that a generation's processes have open, and those of processes
 * that may belong to it: a socket in use must never count as unused.
 */
#ifndef GENERATION_STOCK_H
#define GENERATION_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct drain_set;
struct generation;

/*
 * *New*; NULL if the sockets of such a process cannot be found out.  Our own
 * helpers are left out: the prober, for example, cannot be looked into.
 */
struct drain_set *stock_take(const struct generation *);

/* Is any of these sockets in the set? */
bool stock_has_any(const struct drain_set *, const int *fds, size_t n);

/* Does any of these processes have any of the generation's sockets? */
bool stock_has(const struct generation *, const pid_t *pids, size_t n);

#endif
