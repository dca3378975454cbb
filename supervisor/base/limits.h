/* SPDX-License-Identifier: ISC */
/*
 * How many descriptors there may be, getrlimit(2).  Keeper and supervisor hold
 * the sockets of all generations, and use all that the hard limit allows; the
 * programs keep the soft limit that hotswap was started with, since some take
 * it for a size (select(2), tables of connections).
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <sys/resource.h>

/* Use all that is allowed; what it was before goes on in the environment. */
void limits_raise(void);

/* The limit that a child starts with.  -1 with errno. */
int limits_of_child(struct rlimit *);

#endif
