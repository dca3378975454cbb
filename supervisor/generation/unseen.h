/* SPDX-License-Identifier: ISC */
/*
 * Listening sockets of a program that hotswap has not seen being made: by
 * io_uring(7), or below the preload library by system calls of its own.
 */
#ifndef GENERATION_UNSEEN_H
#define GENERATION_UNSEEN_H

#include <stddef.h>

struct generation;

/*
 * For people: which process of the program listens where, unseen, and what to
 * do about it.  "" if there is none, or if nobody may look.
 */
void unseen_describe(const struct generation *, char *buf, size_t size);

#endif
