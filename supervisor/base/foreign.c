/* SPDX-License-Identifier: ISC */
/*
 * Foreign descriptors: their kinds, and how they are closed.
 */
#include "base/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/fd.h"
#include "base/partner.h"
#include "base/remover.h"

#define MOUNTS_MAX (4 << 20) /* bytes of proc_pid_mountinfo(5) */
#define LOOK_MS	   1
#define LEAVE_MS   500 /* for children to end before this process does */

/* KINDS */

bool
foreign_is_socket(int fd)
{
	socklen_t len = sizeof(int);
	int domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0;
}

/* `36 35 98:0 /a /b rw shared:1 - ext4 /dev/root rw`. */
static bool
is_local_mount(const char *line)
{
	static const char *const local[] = { "aufs", "bcachefs", "btrfs",
		"cgroup2", "devtmpfs", "overlay", "proc", "ramfs", "sysfs",
		"tmpfs", "zfs" };
	const char *type = strstr(line, " - ");
	size_t i, len;

	if (type == NULL)
		return false;
	type += strlen(" - ");
	len = strcspn(type, " \n");
	for (i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (strlen(local[i]) == len &&
		    strncmp(type, local[i], len) == 0)
			return true;
	return false;
}

/* A mount of another mount namespace is not known to be local. */
static bool
is_on_local_mount(uint64_t id)
{
	char *text = fd_read_file("/proc/self/mountinfo", MOUNTS_MAX, NULL);
	char *rest = text, *line;
	bool local = false;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (strtoull(line, NULL, 10) == id)
			local = is_local_mount(line);
	free(text);
	return local;
}

/* `pipe:[42]`, `anon_inode:[eventfd]` or a path, proc_pid_fd(5). */
static void
get_link(int fd, char *link, size_t size)
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, size - 1);
	link[n > 0 ? n : 0] = '\0';
}

static bool
begins_with(const char *link, const char *start)
{
	return strncmp(link, start, strlen(start)) == 0;
}

/*
 * Kinds that hold no other file.  Every other anonymous inode is refused: epoll
 * instances, io_uring, fanotify, inotify, and kinds of later kernels.
 */
static bool
is_simple(const char *link)
{
	static const char *const simple[] = { "anon_inode:[eventfd]",
		"anon_inode:[timerfd]", "anon_inode:[signalfd]",
		"anon_inode:[pidfd]", "pidfd:", "anon_inode:bpf-map",
		"anon_inode:bpf-prog" };
	size_t i;

	for (i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
		if (begins_with(link, simple[i]))
			return true;
	return false;
}

/* Does not ask another machine or process, statx(2). */
static int
look_at(int fd, struct statx *st)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
	    STATX_TYPE | STATX_MNT_ID, st);
}

bool
foreign_is_local(int fd)
{
	struct statx st;
	char link[32];

	/* Only files in memory support seals, fcntl(2). */
	if (foreign_is_socket(fd) || fcntl(fd, F_GET_SEALS) != -1)
		return true;
	get_link(fd, link, sizeof(link));
	if (begins_with(link, "anon_inode:"))
		return is_simple(link);
	/* The last close of a mount namespace unmounts its file systems. */
	if (begins_with(link, "mnt:") || look_at(fd, &st) == -1)
		return false;
	if (!S_ISREG(st.stx_mode) && !S_ISDIR(st.stx_mode))
		return true;
	/* Pipes and namespaces have a name that is not a path. */
	if (link[0] != '\0' && link[0] != '/' && link[0] != '(')
		return true;
	return st.stx_dev_major != 0 ||
	    ((st.stx_mask & STATX_MNT_ID) != 0 &&
		is_on_local_mount(st.stx_mnt_id));
}

bool
foreign_may_poll(int fd)
{
	struct statx st;
	char link[32];

	if (foreign_is_socket(fd))
		return true;
	get_link(fd, link, sizeof(link));
	return is_simple(link) ||
	    (look_at(fd, &st) == 0 && S_ISFIFO(st.stx_mode));
}

/* CLOSING */

/* What could not be closed before, at any occasion. */
static void
retry(void)
{
	closer_retry();
	remover_retry();
}

void
foreign_close(int *fd)
{
	int saved = errno;

	if (*fd == -1)
		return;
	retry();
	if (foreign_is_local(*fd))
		closer_close(fd);
	else
		remover_close(fd);
	errno = saved;
}

void
foreign_rest(void)
{
	closer_end();
	remover_forget();
}

void
foreign_leave(void)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000 };
	int64_t end = clock_ms() + LEAVE_MS;

	foreign_rest();
	if (!partner_finish())
		return;
	while (waitpid(-1, NULL, WNOHANG) != -1 && clock_ms() < end)
		nanosleep(&pause, NULL);
}

bool
foreign_is_closer(pid_t pid)
{
	return closer_is(pid) || remover_is(pid) || partner_is(pid);
}

bool
foreign_reaped(pid_t pid)
{
	if (!closer_reaped(pid) && !remover_reaped(pid) && !partner_reaped(pid))
		return false;
	retry();
	return true;
}
