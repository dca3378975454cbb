/* SPDX-License-Identifier: ISC */
/*
 * Whether a process is one of a service's processes, if neither its parent nor
 * its session tells.  Anybody can name a service in an environment, so two
 * things must be right: the mark and the user.  The mark is random, is made at
 * each start of the service, and is in the environment of its programs alone.
 * The environment of other users' processes is not even read.
 */
#ifndef PROCESS_ORIGIN_H
#define PROCESS_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ORIGIN_VARIABLE "HOTSWAP_MARK"
#define ORIGIN_MARK	33 /* its size: 128 bits as hexadecimal digits */

struct origin {
	/* "" if an older build made none; the user alone decides then. */
	char mark[ORIGIN_MARK];
	uid_t uid; /* the user that the program was started as */
};

/* Make a new mark. */
void origin_make(struct origin *);

/* Is the text a mark? */
bool origin_is_mark(const char *text);

/*
 * The environment of a process that belongs by mark and user, as
 * proc_pid_environ(5) has it; *new*.  For a program that runs as root, and for
 * a process that descends from us (ours), the mark is enough, since they may
 * have changed their user.  Checks and hooks do not belong.  NULL if the
 * process does not belong or cannot be read.
 */
char *origin_read(const struct origin *, pid_t, bool ours, size_t *len);

#endif
