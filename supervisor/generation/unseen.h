/* SPDX-License-Identifier: ISC */
/*
 * Finds listening sockets that a program has made unseen by hotswap: by
 * io_uring(7) or, with the preload library, by system calls of its own.
 */
#ifndef GENERATION_UNSEEN_H
#define GENERATION_UNSEEN_H

#include <stddef.h>

struct generation;

/*
 * For people: which process of the program has an unseen listening socket, at
 * which address, and what to do about it.  "" if there is none, or if we may
 * not look.
 */
void unseen_describe(const struct generation *, char *buf, size_t size);

#endif
