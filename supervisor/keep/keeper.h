/* SPDX-License-Identifier: ISC */
/*
 * The keeper: the process that holds descriptors by name, so that the death
 * of the supervisor, its child, loses none.  It reaps, passes signals on,
 * starts the supervisor again, and decides nothing else.
 */
#ifndef KEEP_KEEPER_H
#define KEEP_KEEPER_H

#include <stdbool.h>
#include <stddef.h>

#include "keep/channel.h"

struct keeper_item {
	const char *name;
	int fd;
};

/*
 * Become the keeper of the service that title names.  The items, whose
 * descriptors are *stolen*, are what the first supervisor is given; one of
 * them is KEEPER_PROGRAM, executed with the arguments `hotswap --supervise
 * TITLE`.  Returns the exit status of a supervisor that had said STOPPING=1
 * before it ended; -1 with errno if there never was one.
 */
int keeper_run(const char *title, const struct keeper_item *, size_t n);

/* Is this process a keeper that has replaced its program by this one? */
bool keeper_is_replaced(void);

/* Then go on; returns as keeper_run does. */
int keeper_go_on(void);

#endif
