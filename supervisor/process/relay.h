/* SPDX-License-Identifier: ISC */
/*
 * Reading what another user's command writes.  Whoever has one end of a pipe
 * can hold up read(2) and close(2) of the other end for as long as he likes,
 * by a splice(2) from a file that does not answer, and no signal ends that.  A
 * child of ours reads the pipe, and passes on what it reads through a socket:
 * what hangs then is that child.
 */
#ifndef PROCESS_RELAY_H
#define PROCESS_RELAY_H

/*
 * Start one.  Returns the end to read from, *new*, which never blocks and ends
 * when all have closed the pipe; *theirs, *new*, is the end to write to.  -1
 * with errno: EAGAIN while too many of them hang.
 */
int relay_open(int *theirs);

#endif
