/* SPDX-License-Identifier: ISC */
/*
 * Descriptors by name, and their way through execve(2) as LISTEN_FDS,
 * LISTEN_PID and LISTEN_FDNAMES, sd_listen_fds(3).
 */
#ifndef KEEP_DEPOT_H
#define KEEP_DEPOT_H

#include <stdbool.h>
#include <stddef.h>

#include "keep/channel.h"

struct depot_item {
	char name[KEEPER_NAME_MAX + 1];
	int fd;
	bool used; /* a duplicate was asked for */
};

/* An empty depot is all zero. */
struct depot {
	struct depot_item *items;
	size_t n;
};

void depot_fini(struct depot *);

/*
 * Add a descriptor, *stolen* on success; it replaces the one of the same name.
 * -1 with errno: EINVAL if sd_notify(3) does not allow the name.
 */
int depot_put(struct depot *, const char *name, int fd);

bool depot_has(const struct depot *, const char *name);

/* A duplicate of the descriptor of that name, *new*; -1 with errno. */
int depot_dup(struct depot *, const char *name);

/* Take the descriptor out of the depot, *new*; -1 with ENOENT. */
int depot_take(struct depot *, const char *name);

/* Close the descriptor of that name. */
void depot_remove(struct depot *, const char *name);

/*
 * Prepare execve(2): all descriptors are duplicated to 3, 4, ..., without
 * close-on-exec, and the environment names them; descriptors that had these
 * numbers are closed.  The n descriptors of apart stay close-on-exec, but get
 * other numbers.  -1 with errno.
 */
int depot_hand_over(struct depot *, int *apart, size_t n);

/* If execve(2) failed: close the inherited duplicates again. */
void depot_take_back(struct depot *);

/*
 * Add the descriptors that were handed over to this process, close-on-exec from
 * here on, and remove their variables from the environment.  -1 with ENOMEM.
 */
int depot_receive(struct depot *);

/* Is a descriptor of that name handed over and not received yet? */
bool depot_is_given(const char *name);

#endif
