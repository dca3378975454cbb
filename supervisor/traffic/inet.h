/* SPDX-License-Identifier: ISC */
/*
 * TCP and UDP sockets that can be of one SO_REUSEPORT group, socket(7): they
 * have the address, the owner, SO_REUSEPORT and IPV6_V6ONLY in common.
 */
#ifndef TRAFFIC_INET_H
#define TRAFFIC_INET_H

#include <stdbool.h>
#include <sys/types.h>

#include "traffic/way.h"

struct group;

bool inet_is_tcp(const struct endpoint *);

/*
 * A socket of owner's; TCP is bound, UDP not yet.  The first of a group makes
 * sure that nobody else has the address, and finds out its port.  -1 with
 * errno.
 */
int inet_make(struct endpoint *, uid_t owner, bool first);

/*
 * Bring a program's own socket into line.  *owner is the group's; the first
 * decides it.  -1 with errno: EINVAL if it listens already, EXDEV if it is
 * another's.
 */
int inet_conform(const struct endpoint *, int fd, uid_t *owner, bool first);

bool inet_is_bound(const struct endpoint *, int fd);

/*
 * Bind a program's own socket that conforms.  other is any of the group, or
 * -1 if there is none: then nobody else must have the address.  -1 with
 * errno: EADDRINUSE also if the kernel would not count it among the group.
 */
int inet_bind(struct endpoint *, int fd, int other);

/*
 * Into the group, at the array's end: bind if need be, listen; the holder has
 * it before.  -1 with errno.
 */
int inet_enter(const struct endpoint *, int fd);

/*
 * A socket without SO_REUSEPORT gets the connections past the program that is
 * attached to its group: give it back to those that have lost it.
 */
void inet_gather(const struct group *);

/* What those that follow have to be like.  -1 with errno. */
int inet_learn(struct endpoint *, int fd);

/*
 * Out of the group, and closed, by the holder too.  A duplicate elsewhere
 * keeps a UDP socket in.
 */
void inet_withdraw(const struct endpoint *, int fd);

/* TCP: drop every SYN, so that clients try again until it is closed. */
void inet_refuse(const struct endpoint *, int fd);

#endif
