/* SPDX-License-Identifier: ISC */
/*
 * File descriptors: closing, duplicating, reading whole files, passing over
 * Unix sockets.  Every descriptor made here is close-on-exec.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FD_PASS_MAX 253 /* descriptors in one message: SCM_MAX_FD, unix(7) */

/* Close *fd unless it is -1, set it to -1, keep errno. */
void fd_close(int *fd);

/* A close-on-exec duplicate, *new*; -1 with errno. */
int fd_dup(int fd);

/*
 * Are they duplicates of each other, of one open file?  Where the kernel does
 * not tell, kcmp(2), files with one inode are taken for the same if they are
 * open in the same way; devices, and what has no inode of its own, never.
 */
bool fd_is_same(int a, int b);

/* How many descriptors there may be of what is not needed by all else. */
size_t fd_spare(void);

/*
 * Has this process too few numbers left for itself, now that fd, the lowest
 * that was free, is in use?
 */
bool fd_is_scarce(int fd);

/* Write all of it, also over short writes; -1 with errno. */
int fd_write_all(int fd, const void *data, size_t len);

/* The same at a place of a file's; its offset stays. */
int fd_write_at(int fd, const void *data, size_t len, off_t at);

/*
 * Open a regular file to read it, *new*.  Never waits for the other end of a
 * FIFO and wakes no device: what the path names is looked at before.  -1 with
 * errno, EACCES, as execve(2) has it, if it is no regular file.
 */
int fd_open_regular(const char *path);

/*
 * The whole of a file and a NUL behind it, *new* (free it), its length in
 * *len unless that is NULL.  NULL with errno; EFBIG past max bytes.
 */
char *fd_read_file(const char *path, size_t max, size_t *len);

/* Likewise of one that is open and can be seeked in; its offset stays. */
char *fd_read_whole(int fd, size_t max, size_t *len);

/*
 * One message with n descriptors, n <= FD_PASS_MAX.  The descriptors stay
 * the caller's.  Returns the bytes sent, -1 with errno.
 */
ssize_t fd_send(
    int sock, const void *data, size_t len, const int *fds, size_t n);

/*
 * One message; up to *n descriptors into fds (*new*, close-on-exec), their
 * number in *n; more than fit are closed.  The sender's PID goes to *pid
 * where the socket has SO_PASSCRED, else 0; pid may be NULL.  Returns the
 * bytes received, -1 with errno (EMSGSIZE: longer than size).
 */
ssize_t fd_receive(
    int sock, void *data, size_t size, int *fds, size_t *n, pid_t *pid);

#endif
