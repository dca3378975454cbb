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
int caller_socket_adopt(struct intercept_call *, const struct target *,
    struct listener *, unsigned int generation);

/*
 * Bind the program's stream socket, listener_bind.  The kernel lets nobody
 * choose among MPTCP sockets of a SO_REUSEPORT group (EOPNOTSUPP): a TCP socket
 * takes the place of such a one, and MPTCP's clients go on by TCP, as with any
 * server that has no MPTCP.  -1 with errno.
 */
int caller_socket_bind(struct intercept_call *, struct listener *);

/*
 * As with the kernel, only a program that asks for it may have an address
 * twice: with SO_REUSEPORT, or for UDP with SO_REUSEADDR, as servers do that
 * connect a socket of its own to each client; classic programs cannot bear it.
 */
bool caller_socket_may_repeat(
    const struct intercept_call *, const struct listener *);

#endif
