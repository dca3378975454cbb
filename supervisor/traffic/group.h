/* SPDX-License-Identifier: ISC */
/*
 * The model of the kernel's array of a SO_REUSEPORT group.  Pure: it knows
 * numbers of descriptors and uses none.
 *
 * A socket joins at the end of the array; when one leaves, the last takes
 * its place.  Whom the program in force may choose must not be moved, hence:
 *
 *   keepers       sockets that serve, or may: they have to stay where they are
 *   leaving       sockets that may leave at any instant, no one knows in which
 *                 order; never chosen
 *   placeholders  sockets of ours, never chosen: they fill holes
 *
 * What lies behind the last keeper is the tail: leaving sockets and
 * placeholders, in any order.  Each departure shortens the array by one from
 * its end, so keepers stay in place as long as the tail is at least as long
 * as there are leaving sockets, wherever those are.
 */
#ifndef TRAFFIC_GROUP_H
#define TRAFFIC_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct group_slot {
	int fd;
	unsigned int generation; /* 0: a placeholder */
	bool leaving;
	bool unsure; /* may have changed places with others that are unsure */
	bool gone;   /* has left, see group_vanish */
	unsigned int key;  /* in the eBPF program's map, and 1; 0: none */
	uint64_t cookie;   /* by which a successor finds it, SO_COOKIE */
	unsigned int told; /* the generation that it is known to be of */
};

/* All zero at first. */
struct group {
	struct group_slot *slots; /* in the kernel's order */
	size_t n;
	size_t room;
};

void group_fini(struct group *);

/* A socket has joined at the end; generation 0: a placeholder.  -1, ENOMEM. */
int group_append(struct group *, int fd, unsigned int generation);

/* The index of a socket; -1 if it is not in the group. */
ssize_t group_find(const struct group *, int fd);

/* One that is not moved by any departure, and may be chosen. */
bool group_is_keeper(const struct group_slot *);

/* A socket has left. */
void group_remove(struct group *, size_t index);

/*
 * The sockets marked as gone have left, in an order that is not known;
 * mixed: others joined meanwhile, so that even one departure is not certain.
 */
void group_vanish(struct group *, bool mixed);

/*
 * It is known which sockets are there, n of them, in the kernel's order; all
 * others have left.
 */
void group_reorder(struct group *, const int *fds, size_t n);

/*
 * The placeholders to append so that all that are leaving may do so without
 * moving a keeper.
 */
size_t group_missing(const struct group *);

/*
 * A placeholder that can be closed while the program in force is right:
 * before, since nobody is moved but the socket fresh (-1: none), which is not
 * chosen yet; or, if that moves others, since all that remain are of one
 * generation and an index outside the array falls back to any of them.
 * Returns its index; -1 if there is none.
 */
ssize_t group_spare(const struct group *, int fresh);

/*
 * An index whose placeholder is not certain; -1 if there is none, or while
 * some are leaving.  Once it is known which it is, group_assure says so.
 */
ssize_t group_unsure(const struct group *);
void group_assure(struct group *, size_t index, int fd);

#endif
