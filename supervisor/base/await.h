/* SPDX-License-Identifier: ISC */
/*
 * Waiting for a child of ours that has one short thing to do and then says so.
 * It may act for a program, on that program's files: what those let it wait
 * for must not keep us waiting.
 */
#ifndef BASE_AWAIT_H
#define BASE_AWAIT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Wait until fd can be read, or its other end is closed.  As long as the child
 * gets on that is ten seconds at the most, for a processor or, with disk, for
 * a disk; half a second where it sleeps, or somebody has stopped it.  -1 with
 * errno: ETIMEDOUT; the child is as it was.
 */
int await_child(pid_t, int fd, bool disk);

#endif
