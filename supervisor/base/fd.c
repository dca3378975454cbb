/* SPDX-License-Identifier: ISC */
/*
 * File descriptors: closing and duplicating them, reading whole files, passing
 * them over Unix sockets.
 */
#include "base/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd != -1)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int
fd_dup(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/*
 * Descriptors that the process needs for itself, and those of one message:
 * recvmsg(2) drops those for which there is no number left.
 */
#define RESERVED (128 + FD_PASS_MAX)

size_t
fd_spare(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 0;
	return limit.rlim_cur > RESERVED ? limit.rlim_cur - RESERVED : 0;
}

bool
fd_is_scarce(int fd)
{
	return (size_t)fd >= fd_spare();
}

/* Does not ask a remote file system, which may not answer, statx(2). */
static int
look_at(int fd, struct statx *st)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
	    STATX_TYPE | STATX_INO, st);
}

/*
 * Two opens of one device may differ, and anonymous inodes are all the same
 * one.
 */
static bool
is_of_its_inode(mode_t mode)
{
	return !S_ISCHR(mode) && !S_ISBLK(mode) && (mode & S_IFMT) != 0;
}

bool
fd_is_same(int a, int b)
{
	struct statx first, second;
	pid_t self = getpid();
	long order = syscall(SYS_kcmp, self, self, KCMP_FILE, a, b);

	if (order != -1)
		return order == 0;
	return look_at(a, &first) == 0 && look_at(b, &second) == 0 &&
	    first.stx_dev_major == second.stx_dev_major &&
	    first.stx_dev_minor == second.stx_dev_minor &&
	    first.stx_ino == second.stx_ino &&
	    is_of_its_inode(first.stx_mode) &&
	    fcntl(a, F_GETFL) == fcntl(b, F_GETFL);
}

static bool
is_among(const int *fds, size_t n, int number)
{
	while (n > 0)
		if (fds[--n] == number)
			return true;
	return false;
}

/* Move a descriptor to another number, and tell those that have it. */
static int
renumber(int *fds, size_t n, int from, int to)
{
	if (dup3(from, to, O_CLOEXEC) == -1)
		return -1;
	close(from);
	for (; n > 0; fds++, n--)
		if (*fds == from)
			*fds = to;
	return 0;
}

/*
 * Put the first descriptor at its number.  The one that is there goes where the
 * first one was, as long as nobody else needs that number.
 */
static int
place(int *fds, size_t n, int at, int above, int flags)
{
	int before = fds[0], other = -1;

	if (before != at && is_among(fds + 1, n - 1, at)) {
		if ((other = fcntl(at, F_DUPFD_CLOEXEC, above)) == -1 ||
		    renumber(fds + 1, n - 1, at, other) == -1)
			return -1;
	}
	if (before == at ? fcntl(at, F_SETFD, flags ? FD_CLOEXEC : 0) == -1
			 : dup3(before, at, flags) == -1)
		return -1;
	fds[0] = at;
	if (before == at || is_among(fds + 1, n - 1, before))
		return 0;
	if (before >= above)
		close(before);
	else if (other != -1 && before > at)
		return renumber(fds + 1, n - 1, other, before);
	return 0;
}

int
fd_arrange(int *fds, size_t n, int first, size_t inherited)
{
	int above = first + (int)n;
	size_t i;

	for (i = 0; i < n; i++)
		if (place(fds + i, n - i, first + (int)i, above,
			i < inherited ? 0 : O_CLOEXEC) == -1)
			return -1;
	return 0;
}

uint64_t
fd_inode(int fd)
{
	struct statx st;

	return look_at(fd, &st) == 0 ? st.stx_ino : 0;
}

/* With write(2) if at is -1, else with pwrite(2). */
static int
write_whole(int fd, const char *data, size_t len, off_t at)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = at == -1
		    ? write(fd, data + done, len - done)
		    : pwrite(fd, data + done, len - done, at + (off_t)done);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

int
fd_write_all(int fd, const void *data, size_t len)
{
	return write_whole(fd, data, len, -1);
}

int
fd_write_at(int fd, const void *data, size_t len, off_t at)
{
	return write_whole(fd, data, len, at);
}

/*
 * The O_PATH descriptor makes the second open(2) open the file that was
 * checked, proc_pid_fd(5).
 */
int
fd_open_regular(const char *path)
{
	int at = open(path, O_PATH | O_CLOEXEC), fd = -1;
	char link[32];
	struct stat st;

	if (at == -1)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	if (fstat(at, &st) == 0) {
		if (S_ISREG(st.st_mode))
			fd = open(link, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		else
			errno = EACCES;
	}
	fd_close(&at);
	return fd;
}

char *
fd_read_whole(int fd, size_t max, size_t *len)
{
	size_t used = 0, size = 4096;
	char *data = NULL, *more;
	ssize_t n = 1;

	while (n > 0) {
		if ((more = realloc(data, size + 1)) == NULL)
			goto fail;
		data = more;
		n = pread(fd, data + used, size - used, (off_t)used);
		if (n == -1)
			goto fail;
		used += n;
		if (used > max) {
			errno = EFBIG;
			goto fail;
		}
		if (used == size)
			size *= 2;
	}
	data[used] = '\0';
	if (len != NULL)
		*len = used;
	return data;
fail:
	free(data);
	return NULL;
}

char *
fd_read_file(const char *path, size_t max, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data = fd != -1 ? fd_read_whole(fd, max, len) : NULL;

	fd_close(&fd);
	return data;
}

ssize_t
fd_send(int sock, const void *data, size_t len, const int *fds, size_t n)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t sent;

	assert(n <= FD_PASS_MAX);
	if (n > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * n);
	}
	do
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (sent == -1 && errno == EINTR);
	return sent;
}

/* Move the descriptors of one control message; close those without room. */
static void
take_descriptors(const struct cmsghdr *cmsg, int *fds, size_t room, size_t *n)
{
	size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int), i;
	int fd;

	for (i = 0; i < count; i++) {
		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
		if (*n < room)
			fds[(*n)++] = fd;
		else
			close(fd);
	}
}

ssize_t
fd_receive(int sock, void *data, size_t size, int *fds, size_t *n, pid_t *pid)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * FD_PASS_MAX) +
		    CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct ucred cred = { 0 };
	struct cmsghdr *cmsg;
	size_t room = *n;
	ssize_t got;

	*n = 0;
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return -1;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_RIGHTS)
			take_descriptors(cmsg, fds, room, n);
		else if (cmsg->cmsg_type == SCM_CREDENTIALS)
			memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
	}
	if (pid != NULL)
		*pid = cred.pid;
	if ((msg.msg_flags & MSG_TRUNC) == 0)
		return got;
	errno = EMSGSIZE;
	return -1;
}
