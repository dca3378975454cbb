/* SPDX-License-Identifier: ISC */
/*
 * The socket of a call: tells whether it is bound, and adopts it into a
 * listener with the rights and the directory of its program.
 */
#ifndef GENERATION_CALLER_SOCKET_H
#define GENERATION_CALLER_SOCKET_H

#include <stdbool.h>

struct address;
struct intercept_call;
struct listener;
struct target;

/*
 * Is the socket bound?  Then own is the address of an inet socket; for a Unix
 * socket own is not set.
 */
bool caller_socket_is_bound(const struct intercept_call *, struct address *own);

/*
 * Adopt a duplicate of the socket into the listener as one of the generation's
 * sockets, as listener_adopt.  -1 with errno.
 */
int caller_socket_adopt(const struct intercept_call *, const struct target *,
    struct listener *, unsigned int generation);

/*
 * The kernel lets nobody choose among MPTCP sockets of a SO_REUSEPORT group
 * (EOPNOTSUPP): put a TCP socket in place of one that is about to be bound.
 * MPTCP's clients go on by TCP, as with any server that has no MPTCP.  -1 with
 * errno.
 */
int caller_socket_make_plain(struct intercept_call *);

#endif
