/* SPDX-License-Identifier: ISC */
/*
 * Descriptors by name, and their way through execve(2) as LISTEN_FDS,
 * LISTEN_PID and LISTEN_FDNAMES, sd_listen_fds(3).
 */
#ifndef KEEP_FDSET_H
#define KEEP_FDSET_H

#include <stdbool.h>
#include <stddef.h>

#include "keep/channel.h"

struct fdset_item {
	char name[KEEPER_NAME_MAX + 1];
	int fd;
	bool used;   /* a duplicate was asked for */
	size_t next; /* of the same bucket, 1 + its index; 0: none */
};

/* An empty descriptor set is all zero. */
struct fdset {
	struct fdset_item *items;
	size_t n, room;
	size_t *buckets; /* 1 + an index each; as many as there is room for */
};

void fdset_fini(struct fdset *);

/*
 * Add a descriptor, *stolen* on success; it replaces the one of the same name.
 * -1 with errno: EINVAL if sd_notify(3) does not allow the name.
 */
int fdset_put(struct fdset *, const char *name, int fd);

bool fdset_has(const struct fdset *, const char *name);

/* A duplicate of the descriptor of that name, *new*; -1 with errno. */
int fdset_dup(struct fdset *, const char *name);

/* Take the descriptor out of the set, *new*; -1 with ENOENT. */
int fdset_take(struct fdset *, const char *name);

/* Give the i-th descriptor another name, which is short enough. */
void fdset_rename(struct fdset *, size_t i, const char *name);

/* Close the descriptor of that name. */
void fdset_remove(struct fdset *, const char *name);

/*
 * Prepare execve(2): all descriptors get the numbers 3, 4, ..., without
 * close-on-exec, and the environment names them; descriptors that had these
 * numbers are closed.  The n descriptors of apart stay close-on-exec, but get
 * other numbers.  -1 with errno.
 */
int fdset_hand_over(struct fdset *, int *apart, size_t n);

/* If execve(2) failed: no descriptor is inherited any more. */
void fdset_take_back(struct fdset *);

/*
 * Add the descriptors that were handed over to this process, close-on-exec from
 * here on, and remove their variables from the environment.  -1 with ENOMEM.
 */
int fdset_receive(struct fdset *);

/* Is a descriptor of that name handed over and not received yet? */
bool fdset_is_given(const char *name);

#endif
