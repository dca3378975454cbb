/* SPDX-License-Identifier: ISC */
/*
 * Looking into another process: its memory and its descriptors.  Each function
 * needs what ptrace(2) attach needs, PTRACE_MODE_ATTACH_REALCREDS: the same
 * user and a dumpable process, or CAP_SYS_PTRACE.
 */
#ifndef PROCESS_REMOTE_H
#define PROCESS_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The process that thread tid belongs to; -1 with errno. */
pid_t remote_process(pid_t tid);

/*
 * Copy len bytes.  Returns 0; -1 with errno: EFAULT if not all of them can be
 * read.
 */
int remote_read(pid_t tid, const void *from, void *to, size_t len);

/* Copy a string and its NUL.  -1 with errno: ENAMETOOLONG if size is less. */
int remote_string(pid_t tid, const void *from, char *to, size_t size);

/*
 * A close-on-exec duplicate, *new*, of descriptor number of thread tid in
 * process pid.  -1 with errno: EBADF if it is not open.
 */
int remote_descriptor(pid_t pid, pid_t tid, int number);

/*
 * As remote_descriptor for a socket, ENOTSOCK if it is none.  Other files are
 * not duplicated, since closing one may take as long as its file system likes.
 */
int remote_socket(pid_t pid, pid_t tid, int number);

/*
 * Call found with a duplicate, *stolen*, of each socket of a process whose
 * inode is wanted; wanted may be NULL.  -1 with errno: EPERM if we may not.
 */
int remote_sockets(pid_t, bool (*wanted)(unsigned int inode, void *arg),
    void (*found)(int fd, void *arg), void *arg);

/*
 * How a process ended that its parent has reaped, as wait(2) returns it.  -1
 * with errno: EAGAIN if its parent has not reaped it yet; any other if this
 * kernel cannot tell (before Linux 6.15).
 */
int remote_exit_status(int pidfd);

/* The descriptor's flags: FD_CLOEXEC or 0; -1 with errno. */
int remote_descriptor_flags(pid_t tid, int number);

/* The umask of a thread; -1 with errno. */
int remote_umask(pid_t tid);

#endif
