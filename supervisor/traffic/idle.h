/* SPDX-License-Identifier: ISC */
/*
 * Idle connections: TCP connections on which a server waits for the next
 * request, as far as the kernel tells.  Nothing is in flight or queued, and
 * what was sent last was sent after what was received last.
 *
 * The kernel's clock for this has ticks of 1 to 10 ms.  If both were in the
 * same tick, one of these shows that the answer was the later one:
 * - it was acknowledged in a later tick;
 * - the request was not acknowledged alone, as the kernel does with data that
 * is not answered within 200 ms, so the answer carried the acknowledgement;
 * - nothing has happened for IDLE_TIE_MS.
 *
 * An answer that the server sends in parts looks idle between two of them, so
 * a connection that was silent for less than IDLE_MS is not.  Several requests
 * at a time on one connection cannot be told from one.
 */
#ifndef TRAFFIC_IDLE_H
#define TRAFFIC_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/activity.h"
#include "traffic/drain.h"

#define IDLE_MS	    1000
#define IDLE_TIE_MS 10000

struct idle_connection {
	pid_t pid;  /* a process that has it */
	int number; /* its descriptor there */
	uint64_t cookie;
	uint32_t data_in;  /* as in struct activity */
	uint32_t bare_out; /* before the last request */
	bool answered;	   /* the last request's answer has acknowledged it */
	uint32_t silent_ms;
};

/*
 * What was seen of each connection of a service before; all 0 at first.
 * idle_forget releases what it holds.
 */
struct idle_memory {
	struct idle_connection *seen; /* sorted by cookie */
	size_t n;
};
void idle_forget(struct idle_memory *);

/*
 * Is it idle, when so many bytes are received and not read, or sent and not
 * acknowledged?  Pure.
 */
bool idle_is(const struct activity *, bool answered, unsigned int unread,
    unsigned int unacked);

/*
 * The idle connections at these addresses whose sockets are in the set, the
 * longest silent one first, *new*; and bring the memory, which may be NULL, up
 * to date.  NULL with errno, as drain_each.
 */
struct idle_connection *idle_find(struct idle_memory *,
    const struct drain_set *, const struct address *addresses, size_t n,
    size_t *found);

/*
 * Shut the receiving half of *fd, a duplicate of the connection's descriptor,
 * so that the server reads an end of file and closes it.  1; 0 if it is another
 * socket or is not idle any more; -1 with errno.  *fd is closed in every case,
 * which may hang, as base/foreign.h tells.
 *
 * The server must not run from the duplicate's making to its end: as long as
 * there is one, an epoll instance goes on telling of a socket that the server
 * has closed, epoll(7), and not every server bears that.
 */
int idle_end(int *fd, const struct idle_connection *);

#endif
