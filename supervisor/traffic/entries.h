/* SPDX-License-Identifier: ISC */
/*
 * The sockets of a listener by generation.  Sockets of one generation are side
 * by side, in the order in which they came.
 */
#ifndef TRAFFIC_ENTRIES_H
#define TRAFFIC_ENTRIES_H

#include <stddef.h>
#include <stdint.h>

/* At first all members are zero. */
struct entries {
	unsigned int *generations;
	int *fds;	   /* borrowed */
	uint64_t *cookies; /* SO_COOKIE of each */
	size_t n;
};

void entries_fini(struct entries *);

/* Add a socket after the others of its generation.  -1 with errno. */
int entries_add(struct entries *, unsigned int generation, int fd);

/* The sockets of a generation, borrowed until the next change.  *n may be 0. */
const int *entries_of(
    const struct entries *, unsigned int generation, size_t *n);

/* The socket of the generation that has this cookie; -1 if there is none. */
int entries_same(
    const struct entries *, unsigned int generation, uint64_t cookie);

/* Remove n sockets, which begin at fds in the list. */
void entries_remove(struct entries *, const int *fds, size_t n);

/* Give a generation's sockets to another generation, which has none. */
void entries_rename(struct entries *, unsigned int from, unsigned int to);

#endif
