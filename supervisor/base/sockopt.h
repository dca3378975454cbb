/* SPDX-License-Identifier: ISC */
/*
 * Options of sockets whose value is one number, getsockopt(2).
 */
#ifndef BASE_SOCKOPT_H
#define BASE_SOCKOPT_H

#include <stdbool.h>
#include <stdint.h>

/* The value; -1 with errno. */
int sockopt_get(int fd, int level, int option);

/* Is the value known, and not 0? */
bool sockopt_is_set(int fd, int level, int option);

/* -1 with errno. */
int sockopt_set(int fd, int level, int option, int value);

/* SO_COOKIE: all duplicates of a socket have the same.  0 if it has none. */
uint64_t sockopt_cookie(int fd);

#endif
