/* SPDX-License-Identifier: ISC */
/*
 * Descriptors that others have sent us.  Whoever sends one chooses what its
 * last close(2) waits for: data that a socket with SO_LINGER has to deliver,
 * or, at any close(2), the process that is a FUSE file system.  Nothing here
 * waits for longer than FOREIGN_LIMIT_MS.
 */
#ifndef BASE_FOREIGN_H
#define BASE_FOREIGN_H

#include <stdbool.h>
#include <sys/types.h>

#define FOREIGN_LIMIT_MS 20

/*
 * Is it a socket; is it one of a kind whose close(2) asks nobody: all but
 * files and directories of a file system that is not known to be of this
 * machine, as FUSE and NFS, and what may hold such files, as an epoll
 * instance; and is it one of a kind whose poll(2) asks nobody: sockets, pipes,
 * eventfd, timerfd, signalfd, pidfd.  Asks no file system.
 */
bool foreign_is_socket(int fd);
bool foreign_is_local(int fd);
bool foreign_may_poll(int fd);

/* As fd_close, also for what is not local, which a child of ours closes. */
void foreign_close(int *fd);

/*
 * From begin to end, which may be nested, a system call that waits is told
 * by a signal to go on: for calls that, as recvmsg(2), may drop descriptors.
 * Calls that are restarted go on as if nothing had been.
 */
void foreign_begin(void);
void foreign_end(void);

/* Is it such a child?  It has ended, and has been waited for. */
bool foreign_is_closer(pid_t);
bool foreign_reaped(pid_t);

#endif
