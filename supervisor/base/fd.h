/* SPDX-License-Identifier: ISC */
/*
 * File descriptors: closing and duplicating them, reading whole files, passing
 * them over Unix sockets.  Every descriptor made here is close-on-exec.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FD_PASS_MAX 253 /* descriptors in one message: SCM_MAX_FD, unix(7) */

/* Close *fd unless it is -1, set it to -1, keep errno. */
void fd_close(int *fd);

/* A close-on-exec duplicate, *new*; -1 with errno. */
int fd_dup(int fd);

/*
 * Are they duplicates of each other, so of one open file?  If the kernel does
 * not support kcmp(2): are they files with one inode that are open in the same
 * way?  The answer is then false for devices and for files without their own
 * inode.
 */
bool fd_is_same(int a, int b);

/*
 * A number that is the same for duplicates of each other, and as a rule not for
 * others: that of the inode; 0 if it is not known.
 */
uint64_t fd_inode(int fd);

/*
 * Give these descriptors the numbers first, first + 1, ...; what had these
 * numbers is closed, and what was given another number has its new one in fds.
 * The first `inherited` of them stay open over execve(2), the others are
 * close-on-exec.  Few more descriptors are open meanwhile, however many there
 * are.  Only system calls are made.  -1 with errno.
 */
int fd_arrange(int *fds, size_t n, int first, size_t inherited);

/*
 * How many descriptors this process may use besides those it needs for itself.
 */
size_t fd_spare(void);

/*
 * Is fd, the lowest free number until now, so high that this process must keep
 * the remaining numbers for itself?
 */
bool fd_is_scarce(int fd);

/* Write all of the data, also if write(2) writes a part; -1 with errno. */
int fd_write_all(int fd, const void *data, size_t len);

/* The same at an offset of a file; the file's own offset stays. */
int fd_write_at(int fd, const void *data, size_t len, off_t at);

/*
 * Open a regular file for reading, *new*.  The type is checked before, so that
 * the call never waits at a FIFO and has no effect on a device.  -1 with errno:
 * EACCES, as of execve(2), if it is not a regular file.
 */
int fd_open_regular(const char *path);

/*
 * The whole file and a NUL after it, *new* (free it); its length in *len unless
 * that is NULL.  NULL with errno; EFBIG if it is longer than max bytes.
 */
char *fd_read_file(const char *path, size_t max, size_t *len);

/* The same of an open file that can be read with pread(2); its offset stays. */
char *fd_read_whole(int fd, size_t max, size_t *len);

/*
 * Send one message with n descriptors, n <= FD_PASS_MAX, which stay the
 * caller's.  Returns the bytes sent, -1 with errno.
 */
ssize_t fd_send(
    int sock, const void *data, size_t len, const int *fds, size_t n);

/*
 * Receive one message, with up to *n descriptors in fds (*new*, close-on-exec),
 * and set *n to their number; the rest are closed, which may wait if the sender
 * is not trusted: let there be room for FD_PASS_MAX then.  *pid is the sender's
 * PID if the socket has SO_PASSCRED, else 0; pid may be NULL.  Returns the
 * bytes received, -1 with errno; EMSGSIZE: longer than size, and the
 * descriptors are there all the same.
 */
ssize_t fd_receive(
    int sock, void *data, size_t size, int *fds, size_t *n, pid_t *pid);

#endif
