/* SPDX-License-Identifier: ISC */
/*
 * TCP and UDP sockets that can be in one SO_REUSEPORT group, socket(7):
 * address, owner, SO_REUSEPORT and IPV6_V6ONLY are the same.
 */
#ifndef TRAFFIC_INET_H
#define TRAFFIC_INET_H

#include <stdbool.h>
#include <sys/types.h>

#include "traffic/way.h"

struct group;

bool inet_is_tcp(const struct endpoint *);

/*
 * Make a socket of owner's; TCP is bound, UDP is not yet.  For the first socket
 * of a group this makes sure that nobody else has the address, and finds its
 * port.  -1 with errno.
 */
int inet_make(struct endpoint *, uid_t owner, bool first);

/*
 * Prepare a program's own socket for the group.  *owner is the group's owner,
 * which the first socket sets.  -1 with errno: EINVAL if it listens already,
 * EXDEV if its owner is another.
 */
int inet_conform(const struct endpoint *, int fd, uid_t *owner, bool first);

/* Has the machine the address?  IP_FREEBIND allows any, ip(7). */
bool inet_is_here(const struct endpoint *);

bool inet_is_bound(const struct endpoint *, int fd);

/*
 * Does the TCP socket with this cookie, SO_COOKIE, listen here, whoever has it?
 * Yes also if the kernel does not tell.
 */
bool inet_may_listen(const struct endpoint *, uint64_t cookie);

/*
 * Bind a program's own socket after inet_conform.  other is any socket of the
 * group, or -1 if there is none: then nobody else may have the address.  -1
 * with errno: EADDRINUSE also if the kernel would not put it into the group.
 */
int inet_bind(struct endpoint *, int fd, int other);

/*
 * Put a socket at the end of the group's array: bind it if need be, and listen;
 * the holder gets it before that.  -1 with errno.
 */
int inet_enter(const struct endpoint *, int fd);

/*
 * A socket without SO_REUSEPORT gets connections that the program of its group
 * has not chosen it for: set SO_REUSEPORT again on sockets that have lost it.
 * From a UDP socket that is connected, to one client of a server, it is taken
 * away instead: such a socket is in no group.  Call this before one is bound.
 */
void inet_gather(const struct endpoint *, const struct group *);

bool inet_is_connected(int fd);

/* Learn from a socket what the next ones must be like.  -1 with errno. */
int inet_learn(struct endpoint *, int fd);

/*
 * Let no new connection or datagram find a socket that is about to be closed.
 * When the kernel closes a socket, it first takes it out of its group and then
 * out of the table of all sockets: a packet that comes in between and finds
 * this socket first would go there, and not where the group's program sends it
 * (Linux 6.18, inet_lookup_reuseport).  So would a packet that has found it
 * just before it was hidden: hide a socket early, traffic/hiding.h.  Only with
 * CAP_NET_RAW could the socket be shown again.
 */
void inet_hide(int fd);
bool inet_is_hidden(int fd);

/*
 * Take a socket out of the group and close it, in the holder as well.  A
 * duplicate elsewhere keeps a UDP socket in the group.
 */
void inet_withdraw(const struct endpoint *, int fd);

/* TCP: drop every SYN, so that clients try again until the socket is closed. */
void inet_refuse(const struct endpoint *, int fd);

#endif
