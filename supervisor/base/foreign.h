/* SPDX-License-Identifier: ISC */
/*
 * Foreign descriptors: those whose open file another process has as well, or
 * has sent.  That process chooses what the last close(2) waits for: data that a
 * socket with SO_LINGER has to deliver, a pipe or an epoll instance whose lock
 * is held, messages in a socket's queue with such files in them; or, at any
 * close(2), the process that implements a FUSE file system.  So this process
 * never drops the last reference to such a file itself.
 */
#ifndef BASE_FOREIGN_H
#define BASE_FOREIGN_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * foreign_is_socket: is it a socket?
 *
 * foreign_is_local: is it of a kind whose close(2), unless it is the last one,
 * waits for no other machine or process?  False for files and directories of a
 * file system that is not known to be on this machine, as FUSE and NFS, and for
 * descriptors that may hold such files, as epoll instances.
 *
 * foreign_may_poll: is it of a kind whose poll(2) waits for nobody: a socket,
 * pipe, eventfd, timerfd, signalfd, pidfd?  None of the three asks a file
 * system.
 */
bool foreign_is_socket(int fd);
bool foreign_is_local(int fd);
bool foreign_may_poll(int fd);

/*
 * As fd_close; but a child drops the last reference: base/closer.h.  When the
 * function returns, the number is free, and the file is closed as far as it is
 * ours, unless its close(2) hangs.
 */
void foreign_close(int *fd);

/*
 * The numbers of this process's descriptors are about to be given to others:
 * the closers end, and nothing is closed later.  The next foreign_close starts
 * a closer again.
 */
void foreign_rest(void);

/*
 * The last act of a process that ends by itself, if it has a partner: all that
 * is open but the standard descriptors is closed, and its children end before
 * it does.  Whoever ended it, such as systemd, finds none of them left.  It
 * waits for half a second at most, since a close(2) may hang, or a child go on.
 */
void foreign_leave(void);

/*
 * foreign_is_closer: is it a child that closes descriptors?  foreign_reaped:
 * the same, to be called once for each child that was waited for.
 */
bool foreign_is_closer(pid_t);
bool foreign_reaped(pid_t);

#endif
