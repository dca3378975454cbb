/* SPDX-License-Identifier: ISC */
/*
 * How many descriptors a process may have, getrlimit(2).  Keeper and supervisor
 * hold the sockets of all generations, and use what the hard limit allows.  The
 * programs get the soft limit that hotswap was started with, because some
 * programs size tables by it, or use select(2).
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <sys/resource.h>

/* Raise the soft limit; the environment keeps the old one for a successor. */
void limits_raise(void);

/* The limit that a child starts with.  -1 with errno. */
int limits_of_child(struct rlimit *);

#endif
