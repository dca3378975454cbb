/* SPDX-License-Identifier: ISC */
/*
 * Descriptors of every kind that a program can send.
 */
#include "descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/proc.h"
#include "base/remover.h"
#include "fuzz.h"

#define COMES_DOWN_S 100

/* One of a pair whose other end is closed, or is in its own queue. */
static int
open_pair(int type, int enclosed)
{
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	if (enclosed)
		fd_send(pair[1], "x", 1, pair, 2);
	close(pair[1]);
	return pair[0];
}

static int
open_pipe(int end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	close(ends[1 - end]);
	return ends[end];
}

static int
open_listening(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct linger linger = { 1, 60 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		listen(fd, 1);
	return fd;
}

static int
open_kind(unsigned int kind)
{
	switch (kind % 20) {
	case 0:
		return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case 1:
		return open_listening();
	case 2:
		return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	case 3:
		return socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case 4:
		return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	case 5:
		return open_pair(SOCK_STREAM, 0);
	case 6:
		return open_pair(SOCK_DGRAM, 1);
	case 7:
		return open_pair(SOCK_SEQPACKET, 1);
	case 8:
		return open_pipe(0);
	case 9:
		return open_pipe(1);
	case 10:
		return memfd_create("fuzz", MFD_CLOEXEC);
	case 11:
		return eventfd(1, EFD_CLOEXEC);
	case 12:
		return epoll_create1(EPOLL_CLOEXEC);
	case 13:
		return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	case 14:
		return inotify_init1(IN_CLOEXEC);
	case 15:
		return (int)syscall(SYS_pidfd_open, getpid(), 0);
	case 16:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	case 17:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case 18:
		return open("/proc/self/exe", O_PATH | O_CLOEXEC);
	default:
		return open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	}
}

int
fuzz_next(struct fuzz_message *message, const uint8_t **data, size_t *size)
{
	const uint8_t *head = *data;
	size_t i;

	if (*size < 4)
		return 0;
	*data += 4;
	*size -= 4;
	message->what = head[0];
	message->n = head[2] % (DESCRIPTORS_MAX + 1);
	for (i = 0; i < message->n; i++) {
		message->fds[i] = open_kind(head[1] + i);
		/* Of inotify(7) a user may have few at a time. */
		if (message->fds[i] == -1)
			message->fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		FUZZ_EXPECT(message->fds[i] != -1);
	}
	message->len = head[3] < *size ? head[3] : *size;
	message->data = *data;
	*data += message->len;
	*size -= message->len;
	return 1;
}

void
fuzz_close(struct fuzz_message *message)
{
	while (message->n > 0)
		close(message->fds[--message->n]);
}

/* A remover ends when its file is closed; a closer stays, and is one. */
static void
wait_for_removers(void)
{
	pid_t *children = proc_children(PROC_SELF, getpid()), *child;

	for (child = children; child != NULL && *child != 0; child++)
		if (remover_is(*child) && waitpid(*child, NULL, 0) == *child)
			foreign_reaped(*child);
	free(children);
}

size_t
fuzz_open(void)
{
	int fd = dup(STDERR_FILENO);
	size_t n = 0;
	DIR *dir;

	foreign_close(
	    &fd); /* starts the closer, and tries again what is left */
	wait_for_removers();
	FUZZ_EXPECT((dir = opendir("/proc/self/fd")) != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

int
fuzz_comes_down_to(size_t n)
{
	int tries;

	for (tries = 0; fuzz_open() > n && tries < COMES_DOWN_S * 100; tries++)
		usleep(10000);
	return tries < COMES_DOWN_S * 100;
}
