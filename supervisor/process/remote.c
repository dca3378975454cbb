/* SPDX-License-Identifier: ISC */
/*
 * Looking into another process: its memory and its descriptors.  The process is
 * never stopped and never written to.
 */
#include "process/remote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

/* struct pidfd_info of Linux 6.13, as 6.15 fills it; PIDFD_GET_INFO. */
struct exit_info {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};
#define GET_INFO  _IOWR(0xff, 11, struct exit_info)
#define INFO_EXIT (UINT64_C(1) << 3)

#define PROC_MAX (64 * 1024) /* bytes that are read of a file in /proc */

/* Read the number behind a label at a line's beginning in /proc/TID/FILE. */
static int
read_field(pid_t tid, const char *file, const char *label, int base, long *out)
{
	char path[64], *text, *line;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, file);
	if ((text = fd_read_file(path, PROC_MAX, NULL)) == NULL)
		return -1;
	line = strstr(text, label);
	if (line != NULL)
		*out = strtol(line + strlen(label), NULL, base);
	free(text);
	if (line != NULL)
		return 0;
	errno = ESRCH;
	return -1;
}

pid_t
remote_process(pid_t tid)
{
	long pid;

	if (read_field(tid, "status", "\nTgid:", 10, &pid) == -1)
		return -1;
	return pid;
}

int
remote_read(pid_t tid, const void *from, void *to, size_t len)
{
	struct iovec local = { .iov_base = to, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)from, .iov_len = len };
	ssize_t n;

	if ((n = process_vm_readv(tid, &local, 1, &remote, 1, 0)) == -1)
		return -1;
	if ((size_t)n == len)
		return 0;
	errno = EFAULT;
	return -1;
}

/* Read page by page: the next page may be neither mapped nor needed. */
int
remote_string(pid_t tid, const void *from, char *to, size_t size)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	const char *p = from;
	size_t part, used;

	for (used = 0; used < size; used += part) {
		part = page - ((uintptr_t)(p + used) & (page - 1));
		if (part > size - used)
			part = size - used;
		if (remote_read(tid, p + used, to + used, part) == -1)
			return -1;
		if (memchr(to + used, '\0', part) != NULL)
			return 0;
	}
	errno = ENAMETOOLONG;
	return -1;
}

/*
 * Ask for the descriptor of the thread itself, which Linux before 6.9 cannot
 * do.  There the process's main thread is asked; both share descriptors unless
 * the thread was made without CLONE_FILES.
 */
int
remote_descriptor(pid_t pid, pid_t tid, int number)
{
	int pidfd, fd;

	if ((pidfd = pidfd_open(tid, PIDFD_THREAD)) == -1 && errno == EINVAL)
		pidfd = pidfd_open(pid, 0);
	if (pidfd == -1)
		return -1;
	fd = pidfd_getfd(pidfd, number, 0);
	fd_close(&pidfd);
	return fd;
}

/* proc_pid_fd(5): the link of a socket is `socket:[INODE]`. */
static bool
is_socket(int dir, const char *number)
{
	char link[sizeof("socket:")];

	return readlinkat(dir, number, link, sizeof(link)) == sizeof(link) &&
	    memcmp(link, "socket:", strlen("socket:")) == 0;
}

/* The descriptor may change between look and duplicate: then it is closed. */
int
remote_socket(pid_t pid, pid_t tid, int number)
{
	char path[32], name[16];
	int fd = -1, dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)tid);
	snprintf(name, sizeof(name), "%d", number);
	if ((dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	errno = ENOTSOCK;
	if (is_socket(dir, name))
		fd = remote_descriptor(pid, tid, number);
	fd_close(&dir);
	if (fd != -1 && !foreign_is_socket(fd)) {
		foreign_close(&fd);
		errno = ENOTSOCK;
	}
	return fd;
}

int
remote_sockets(pid_t pid, void (*found)(int fd, void *arg), void *arg)
{
	const struct dirent *entry;
	char path[32];
	int pidfd, fd = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if ((pidfd = pidfd_open(pid, 0)) == -1)
		return -1;
	if ((dir = opendir(path)) == NULL) {
		if (errno == EACCES)
			errno = EPERM;
		fd_close(&pidfd);
		return -1;
	}
	while (fd != -1 && (entry = readdir(dir)) != NULL) {
		if (!is_socket(dirfd(dir), entry->d_name))
			continue;
		fd =
		    pidfd_getfd(pidfd, (int)strtol(entry->d_name, NULL, 10), 0);
		if (fd != -1)
			found(fd, arg);
		else if (errno == EBADF) /* closed meanwhile */
			fd = 0;
	}
	closedir(dir);
	fd_close(&pidfd);
	return fd == -1 ? -1 : 0;
}

char
remote_state(pid_t pid)
{
	char path[32], *text, *end, state = '\0';

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((text = fd_read_file(path, PROC_MAX, NULL)) == NULL)
		return state;
	/* The name before it may contain any character. */
	if ((end = strrchr(text, ')')) != NULL && end[1] == ' ')
		state = end[2];
	free(text);
	return state;
}

int
remote_exit_status(int pidfd)
{
	struct exit_info info = { .mask = INFO_EXIT };

	if (ioctl(pidfd, GET_INFO, &info) == -1)
		return -1;
	if (info.mask & INFO_EXIT)
		return info.exit_code;
	errno = EAGAIN;
	return -1;
}

int
remote_descriptor_flags(pid_t tid, int number)
{
	char file[32];
	long flags;

	snprintf(file, sizeof(file), "fdinfo/%d", number);
	if (read_field(tid, file, "\nflags:", 8, &flags) == -1)
		return -1;
	return (flags & O_CLOEXEC) != 0 ? FD_CLOEXEC : 0;
}

int
remote_umask(pid_t tid)
{
	long mask;

	if (read_field(tid, "status", "\nUmask:", 8, &mask) == -1)
		return -1;
	return (int)mask;
}
