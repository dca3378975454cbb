/* SPDX-License-Identifier: ISC */
/*
 * Descriptors that nobody can close for now: they stay open, and are tried
 * again.
 */
#ifndef BASE_LEFTOVER_H
#define BASE_LEFTOVER_H

#include <stdbool.h>
#include <stddef.h>

#define LEFTOVER_MAX 1024

/* All zero is empty. */
struct leftover {
	int *fds;
	size_t n;
};

/*
 * Past LEFTOVER_MAX, and without memory, the descriptor is forgotten: it stays
 * open, which costs only a number.
 */
void leftover_add(struct leftover *, int fd);

/* Try the newest ones, as long as give takes them over. */
void leftover_retry(struct leftover *, bool (*give)(int fd));

/* Forget them all. */
void leftover_clear(struct leftover *);

#endif
