/* SPDX-License-Identifier: ISC */
/*
 * Listening sockets that a program has made without hotswap seeing it: by
 * io_uring(7), or, with the preload library, by system calls of its own.
 */
#ifndef GENERATION_UNSEEN_H
#define GENERATION_UNSEEN_H

#include <stddef.h>

struct generation;

/*
 * For people: which process of the program listens at which address, unseen,
 * and what to do about it.  "" if there is none, or if we may not look.
 */
void unseen_describe(const struct generation *, char *buf, size_t size);

#endif
