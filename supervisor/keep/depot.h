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
	bool used; /* a duplicate of it was asked for */
};

/* All zero at first. */
struct depot {
	struct depot_item *items;
	size_t n;
};

void depot_fini(struct depot *);

/*
 * Put a descriptor there, *stolen* on success; it replaces one that has the
 * name.  -1 with errno: EINVAL if it cannot be a name, sd_notify(3).
 */
int depot_put(struct depot *, const char *name, int fd);

bool depot_has(const struct depot *, const char *name);

/* A duplicate of it, *new*; -1 with errno. */
int depot_dup(struct depot *, const char *name);

/* It is the caller's from here on, *new*; -1 with ENOENT. */
int depot_take(struct depot *, const char *name);

/* Close what has that name. */
void depot_remove(struct depot *, const char *name);

/*
 * Before execve(2): all become descriptors 3, 4, ... that are inherited, as
 * the environment says; what had these numbers is closed.  The n that are
 * apart stay, close-on-exec, but have other numbers.  -1 with errno.
 */
int depot_hand_over(struct depot *, int *apart, size_t n);

/* There was no execve(2) after all: close what would have been inherited. */
void depot_take_back(struct depot *);

/*
 * What was handed over to this process, close-on-exec from here on; the
 * environment says nothing of it any more.  -1 with ENOMEM.
 */
int depot_receive(struct depot *);

/* Was something of that name handed over, and not been received yet? */
bool depot_is_given(const char *name);

#endif
