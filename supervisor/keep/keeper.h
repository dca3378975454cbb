/* SPDX-License-Identifier: ISC */
/*
 * The keeper: the parent of the supervisor.  It holds descriptors by name, so
 * that the death of the supervisor loses none.  It reaps children, passes
 * signals on, starts the supervisor again, and decides nothing else.
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
 * Become the keeper of the service that title names.  The first supervisor gets
 * the items, whose descriptors are *stolen*.  The item KEEPER_PROGRAM is
 * executed with the arguments `hotswap --supervise TITLE`.  Returns the exit
 * status, or 128 plus the signal, of the supervisor that said STOPPING=1 before
 * it ended, or of the last one if the keeper had to end the programs itself; -1
 * with errno if the first one could not be started.
 */
int keeper_run(const char *title, const struct keeper_item *, size_t n);

/* Has this process been a keeper before it executed this program? */
bool keeper_is_replaced(void);

/* Continue as that keeper; returns as keeper_run does. */
int keeper_go_on(void);

#endif
