/* SPDX-License-Identifier: ISC */
/*
 * A grace period: what the kernel is looking up now, it has looked up at the
 * end.  A lookup for a packet may have found a socket just before the socket
 * was hidden (traffic/hiding.h), and stop there for milliseconds where a
 * virtual processor waits for a real one.  If the socket is shut down
 * meanwhile, the packet is dropped with it, and the client repeats its SYN a
 * second later.
 *
 * Nobody is blocked, and nothing is delayed for longer than GRACE_LONGEST_MS.
 */
#ifndef TRAFFIC_GRACE_H
#define TRAFFIC_GRACE_H

#include <event2/event.h>

#define GRACE_LONGEST_MS 1000
#define GRACE_BLIND_MS	 100 /* where the kernel does not tell */

struct grace;

/*
 * Call over once, from the loop, at the end of a grace period.  The owner calls
 * grace_free in any case, in over or before.  *New*; NULL with ENOMEM.
 */
struct grace *grace_begin(
    struct event_base *, void (*over)(void *arg), void *arg);

/* over is not called any more.  NULL: nothing is done. */
void grace_free(struct grace *);

#endif
