/* SPDX-License-Identifier: ISC */
/*
 * The built-in health check: the program must accept a directed connection at
 * each address at which the generation has a socket.  connect(2) alone proves
 * nothing, since the kernel answers it even for a program that hangs.  The
 * proof is that the server's end of the connection belongs to a program; or, if
 * the kernel does not tell that, that the socket's queue is seen empty.
 */
#ifndef TRAFFIC_ACCEPT_H
#define TRAFFIC_ACCEPT_H

#include <event2/event.h>
#include <stdbool.h>

#include "traffic/listener.h"

struct accept_check;

/*
 * why is for people, borrowed, NULL if the check has passed: `0.0.0.0:8080:
 * connects, but the program has not accepted within 2000 ms`.
 */
typedef void accept_done(bool passed, const char *why, void *arg);

/* The listener that has this address now; NULL if none has it any more. */
typedef struct listener *accept_find(const struct address *, void *arg);

/*
 * Check each of n addresses (those of datagrams pass at once), one after the
 * other, within timeout_ms for all.  The program may close its socket
 * meanwhile, and the listener goes with it.  So find is called each time, and
 * an address without a socket of the generation is skipped.  done is never
 * called before this returns.  *New*, released by itself once done has been
 * called.
 */
struct accept_check *accept_check_start(struct event_base *,
    const struct address *, size_t n, unsigned int generation,
    unsigned int timeout_ms, accept_find *find, accept_done *done, void *arg);

/* End the check without calling done. */
void accept_check_cancel(struct accept_check *);

#endif
