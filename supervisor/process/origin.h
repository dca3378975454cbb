/* SPDX-License-Identifier: ISC */
/*
 * Whether a process is one of a service's, where neither its parent nor its
 * session says so.  Anybody can name a service in an environment of his own,
 * so that two things have to be right: the mark, which is random, is made at
 * each start of the service and is in the environment of its programs alone;
 * and the user.  The environment of others' processes is not even read.
 */
#ifndef PROCESS_ORIGIN_H
#define PROCESS_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ORIGIN_VARIABLE "HOTSWAP_MARK"
#define ORIGIN_MARK	33 /* its size: 128 bits as hexadecimal digits */

struct origin {
	/*
	 * "": not known, as an older build had none.  Then the user alone
	 * decides.
	 */
	char mark[ORIGIN_MARK];
	uid_t uid; /* that the program was started as */
};

/* A new mark. */
void origin_make(struct origin *);

/* Is the text a mark? */
bool origin_is_mark(const char *text);

/*
 * The environment of a process that is the program's by mark and by user, as
 * proc_pid_environ(5) has it; *new*.  A program that runs as root may have
 * become anybody, and so may a process that descends from us (ours), of which
 * the mark says enough.  Checks and hooks are no programs.  NULL if it is
 * another's, or cannot be read.
 */
char *origin_read(const struct origin *, pid_t, bool ours, size_t *len);

/* The value behind `KEY=` in it, or behind a longer beginning; or NULL. */
const char *origin_find(const char *text, size_t len, const char *beginning);

#endif
