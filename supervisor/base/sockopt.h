/* SPDX-License-Identifier: ISC */
/*
 * Socket options whose value is one number, getsockopt(2).
 */
#ifndef BASE_SOCKOPT_H
#define BASE_SOCKOPT_H

#include <stdbool.h>
#include <stdint.h>

/* Returns the option's value; -1 with errno. */
int sockopt_get(int fd, int level, int option);

/* Is the option's value known, and not 0? */
bool sockopt_is_set(int fd, int level, int option);

/* Set the option.  -1 with errno. */
int sockopt_set(int fd, int level, int option, int value);

/*
 * SO_COOKIE, which all duplicates of a socket share.  0 if the kernel tells
 * none.
 */
uint64_t sockopt_cookie(int fd);

#endif
