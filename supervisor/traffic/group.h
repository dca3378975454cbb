/* SPDX-License-Identifier: ISC */
/*
 * The model of the kernel's array of a SO_REUSEPORT group.  Pure: it knows the
 * numbers of descriptors and uses no descriptor.
 *
 * A socket joins at the end of the array.  When a socket leaves, the last one
 * takes its place.  A socket that the program in force may choose must not be
 * moved, so there are three kinds:
 *
 *   keepers       sockets that serve or may serve: they must stay in place
 *   leaving       sockets that may leave at any instant, in an unknown order;
 *                 they are never chosen
 *   placeholders  sockets of ours that fill places and are never chosen
 *
 * The slots behind the last keeper are the tail: leaving sockets and
 * placeholders, in any order.  Each departure shortens the array by one from
 * its end, so keepers stay in place as long as the tail has at least as many
 * slots as there are leaving sockets, wherever the leaving sockets are.
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
	bool unsure;	   /* its place may be that of another unsure slot */
	bool gone;	   /* has left, see group_vanish */
	bool hidden;	   /* see traffic/hiding.h */
	unsigned int key;  /* key in the eBPF program's map, plus 1; 0: none */
	uint64_t cookie;   /* SO_COOKIE, by which a successor finds it */
	unsigned int told; /* its generation in the eBPF program's map */
};

/* All zero at first. */
struct group {
	struct group_slot *slots; /* in the kernel's order */
	size_t n;
	size_t room;
};

void group_fini(struct group *);

/*
 * Append a socket that has joined; generation 0: a placeholder.  -1 with
 * ENOMEM.
 */
int group_append(struct group *, int fd, unsigned int generation);

/* The index of a socket; -1 if it is not in the group. */
ssize_t group_find(const struct group *, int fd);

/* Is it a keeper: a socket that no departure moves, and that may be chosen? */
bool group_is_keeper(const struct group_slot *);

/* Remove a socket that has left. */
void group_remove(struct group *, size_t index);

/*
 * Remove the sockets that are marked as gone, which left in an unknown order.
 * mixed: others joined meanwhile, so that the effect of even one departure is
 * not certain.
 */
void group_vanish(struct group *, bool mixed);

/*
 * Put the n sockets of fds, which are in the kernel's order, into the model;
 * all other sockets have left.
 */
void group_reorder(struct group *, const int *fds, size_t n);

/*
 * The number of placeholders to append, so that all leaving sockets may leave
 * without moving a keeper.
 */
size_t group_missing(const struct group *);

/*
 * A placeholder that can be closed while the program in force stays right.
 * Either no socket is moved except fresh (-1: none), which is not chosen yet;
 * or others are moved, but all sockets that remain are of one generation, and
 * for an index outside the array the kernel chooses any of them.  Returns its
 * index; -1 if there is none.
 */
ssize_t group_spare(const struct group *, int fresh);

/*
 * The last socket has just joined, and is not chosen yet: a placeholder whose
 * place it can take although others are leaving.  If one of them leaves at that
 * moment, keepers stay in place, but the place of the last socket is not
 * certain.  Returns the index of the placeholder; -1 if there is none, or if
 * nobody is leaving: group_spare.  Without this each socket that joins while
 * another leaves would add a placeholder.
 */
ssize_t group_exchange(const struct group *);

/*
 * An index whose socket is not certain; -1 if there is none, or while sockets
 * are leaving.  Once it is known that the socket is fd, call group_assure.
 */
ssize_t group_unsure(const struct group *);
void group_assure(struct group *, size_t index, int fd);

#endif
