/* SPDX-License-Identifier: ISC */
/*
 * Foreign descriptors: those that another process has sent.  The sender chooses
 * what the last close(2) waits for: data that a socket with SO_LINGER has to
 * deliver, or, at any close(2), the process that implements a FUSE file system.
 * No function here waits for another process or machine for longer than
 * FOREIGN_LIMIT_MS.
 */
#ifndef BASE_FOREIGN_H
#define BASE_FOREIGN_H

#include <stdbool.h>
#include <sys/types.h>

#define FOREIGN_LIMIT_MS 20

/*
 * foreign_is_socket: is it a socket?
 *
 * foreign_is_local: is it of a kind whose close(2) waits for no other machine
 * or process?  False for files and directories of a file system that is not
 * known to be on this machine, as FUSE and NFS, and for descriptors that may
 * hold such files, as epoll instances.
 *
 * foreign_may_poll: is it of a kind whose poll(2) waits for nobody: a socket,
 * pipe, eventfd, timerfd, signalfd, pidfd?  None of the three asks a file
 * system.
 */
bool foreign_is_socket(int fd);
bool foreign_is_local(int fd);
bool foreign_may_poll(int fd);

/*
 * As fd_close; a child closes a descriptor that is not local.  When the
 * function returns, the number is free, unless too many children hang.
 */
void foreign_close(int *fd);

/*
 * The same, always by a child: for a file of which the sender has no descriptor
 * any more, and which an epoll instance of the sender may watch.  The last
 * close(2) of such a file waits for that instance, epoll(7).
 */
void foreign_close_last(int *fd);

/*
 * Between begin and end, which may be nested, a signal interrupts each system
 * call that waits.  Meant for calls that, like recvmsg(2), may drop
 * descriptors.  A call that the kernel restarts after a signal goes on as if
 * there were none.
 */
void foreign_begin(void);
void foreign_end(void);

/*
 * foreign_is_closer: is it a child that closes a descriptor?  foreign_reaped:
 * the same, to be called once for each child that was waited for.
 */
bool foreign_is_closer(pid_t);
bool foreign_reaped(pid_t);

#endif
