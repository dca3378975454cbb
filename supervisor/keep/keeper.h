/* SPDX-License-Identifier: ISC */
/*
 * The keeper: the process that holds descriptors by name, so that the death
 * of the supervisor, its child, loses none.  It reaps, passes signals on,
 * starts the supervisor again, and decides nothing else.
 *
 * The supervisor speaks sd_notify(3) to it over a socket pair (FDSTORE=1,
 * FDSTOREREMOVE=1, FDNAME=, BARRIER=1, READY=1, STOPPING=1) and is given all
 * descriptors back as LISTEN_FDS, by name.  What is stored under a name that
 * is taken replaces what was there.  What follows KEEPER_UPWARD is passed on
 * to the service manager above, which may hear nobody but its main process.
 */
#ifndef KEEP_KEEPER_H
#define KEEP_KEEPER_H

#include <stddef.h>

#define KEEPER_NAME_MAX 255	       /* bytes of FDNAME, sd_notify(3) */
#define KEEPER_CHANNEL	"keeper"       /* the name of our socket pair's end */
#define KEEPER_UPWARD	"X_UPWARD=1\n" /* then what is the manager's */
#define KEEPER_PROGRAM	"exe"	       /* of the file that is the supervisor */

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

#endif
