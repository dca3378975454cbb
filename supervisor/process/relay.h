/* SPDX-License-Identifier: ISC */
/*
 * Reading what another user's command writes.  Whoever has one end of a pipe
 * can hold up read(2) and close(2) of the other end for any time, with a
 * splice(2) from a file that does not answer, and no signal ends that.  So a
 * child of ours reads the pipe and passes the bytes on through a socket: only
 * the child hangs.
 */
#ifndef PROCESS_RELAY_H
#define PROCESS_RELAY_H

/*
 * Start a relay.  Returns the end to read from, *new*, which never blocks and
 * ends when all writers have closed the pipe; *theirs, *new*, is the end to
 * write to.  -1 with errno: EAGAIN if too many relays hang already.
 */
int relay_open(int *theirs);

#endif
