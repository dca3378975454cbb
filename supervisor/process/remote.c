/* SPDX-License-Identifier: ISC */
/*
 * Looking into another process: its memory and its descriptors.  The process is
 * never stopped and never written to.
 */
#include "process/remote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "base/proc.h"

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

/* The number in a line of a text, which is *stolen* and may be NULL. */
static int
take_number(char *text, const char *label, int base, long *number)
{
	int r = text != NULL ? proc_number(text, label, base, number) : -1;
	int saved = errno;

	free(text);
	errno = saved;
	return r;
}

pid_t
remote_process(pid_t tid)
{
	long pid;

	if (take_number(proc_status(tid), "Tgid:", 10, &pid) == -1)
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

/* The descriptor may change between look and duplicate: then it is closed. */
int
remote_socket(pid_t pid, pid_t tid, int number)
{
	int fd = -1, has = proc_has_socket(tid, number);

	if (has == -1)
		return -1;
	errno = ENOTSOCK;
	if (has)
		fd = remote_descriptor(pid, tid, number);
	if (fd != -1 && !foreign_is_socket(fd)) {
		foreign_close(&fd);
		errno = ENOTSOCK;
	}
	return fd;
}

int
remote_sockets(pid_t pid, bool (*wanted)(unsigned int inode, void *arg),
    void (*found)(int fd, void *arg), void *arg)
{
	const struct dirent *entry;
	unsigned int inode;
	int pidfd, fd = 0;
	DIR *dir;

	if ((pidfd = pidfd_open(pid, 0)) == -1)
		return -1;
	if ((dir = proc_descriptors(pid)) == NULL) {
		if (errno == EACCES)
			errno = EPERM;
		fd_close(&pidfd);
		return -1;
	}
	while (fd != -1 && (entry = readdir(dir)) != NULL) {
		(void)proc_socket_inode(dirfd(dir), entry->d_name, &inode);
		if (inode == 0 || (wanted != NULL && !wanted(inode, arg)))
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
	long flags;

	if (take_number(
		proc_descriptor_info(tid, number), "flags:", 8, &flags) == -1)
		return -1;
	return (flags & O_CLOEXEC) != 0 ? FD_CLOEXEC : 0;
}

int
remote_umask(pid_t tid)
{
	long mask;

	if (take_number(proc_status(tid), "Umask:", 8, &mask) == -1)
		return -1;
	return (int)mask;
}
