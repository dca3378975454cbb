/* SPDX-License-Identifier: ISC */
/*
 * The built-in check: the program must accept a directed connection to each
 * of a generation's sockets.  A bare connect(2) proves nothing, since the
 * kernel answers it for a program that hangs; what proves it is that the
 * server's end of it belongs to a program, or where the kernel does not tell
 * that, that the socket's queue is seen empty.
 */
#ifndef TRAFFIC_ACCEPT_H
#define TRAFFIC_ACCEPT_H

#include <event2/event.h>
#include <stdbool.h>

#include "traffic/listener.h"

struct accept_check;

/*
 * why is a word for people, borrowed, NULL when it passed:
 * `0.0.0.0:8080: connects, but the program has not accepted within 2000 ms`.
 */
typedef void accept_done(bool passed, const char *why, void *arg);

/* The listener that has this address now; NULL: none has it any more. */
typedef struct listener *accept_find(const struct address *, void *arg);

/*
 * Check each of n addresses (those of datagrams pass at once), one after the
 * other, within timeout_ms together.  A program may close its socket at any of
 * them meanwhile, and the listener goes with it: find is asked each time, and
 * an address that has none of the generation's sockets any more is passed
 * over.  done is never called from within accept_check_start.  *New*, released
 * by itself once done has been called.
 */
struct accept_check *accept_check_start(struct event_base *,
    const struct address *, size_t n, unsigned int generation,
    unsigned int timeout_ms, accept_find *find, accept_done *done, void *arg);

/* End it without calling done. */
void accept_check_cancel(struct accept_check *);

#endif
