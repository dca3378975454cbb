/* SPDX-License-Identifier: ISC */
/*
 * Waiting for a child of this process that does one short thing and then says
 * so.  The child may act on a program's files, and the program may let it wait;
 * the caller must not wait for so long.
 */
#ifndef BASE_AWAIT_H
#define BASE_AWAIT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Wait until fd can be read or its other end is closed.  If the child runs, or
 * waits for a disk and disk is true, that is at most ten seconds; if it sleeps
 * or is stopped, half a second.  -1 with errno: ETIMEDOUT; the child is not
 * ended.
 */
int await_child(pid_t, int fd, bool disk);

#endif
