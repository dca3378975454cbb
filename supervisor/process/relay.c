/* SPDX-License-Identifier: ISC */
/*
 * A pipe, a socket, and a child between them, which ends when either ends.
 */
#include "process/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lifetime.h"
#include "process/child.h"
#include "process/reaper.h"

#define RELAYS_MAX 32 /* at a time; each hangs as long as its writer likes */

static unsigned int relays;

static _Noreturn void
pass_on(pid_t parent, int pipe, int sock)
{
	int fds[] = { pipe, sock };
	char buf[4096];
	ssize_t n = 0;

	if (lifetime_bind(parent, SIGKILL) == -1 ||
	    child_arrange(fds, 2, 0) == -1)
		_exit(EXIT_FAILURE);
	while ((n = read(CHILD_FD_FIRST, buf, sizeof(buf))) > 0)
		if (fd_write_all(CHILD_FD_FIRST + 1, buf, (size_t)n) == -1)
			break;
	_exit(n == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void
relay_ended(pid_t pid, int status, void *arg)
{
	relays--;
}

static int
start(int pipe, int sock)
{
	pid_t us = getpid(), pid = child_fork();

	if (pid == 0)
		pass_on(us, pipe, sock);
	if (pid == -1 || reaper_watch(pid, relay_ended, NULL) == -1)
		return -1;
	relays++;
	return 0;
}

int
relay_open(int *theirs)
{
	int ends[2] = { -1, -1 }, socks[2] = { -1, -1 }, result = -1;

	if (relays >= RELAYS_MAX) {
		errno = EAGAIN;
		return -1;
	}
	if (pipe2(ends, O_CLOEXEC) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) == 0 &&
	    fcntl(socks[0], F_SETFL, O_NONBLOCK) == 0 &&
	    start(ends[0], socks[1]) == 0) {
		result = socks[0];
		*theirs = ends[1];
		socks[0] = ends[1] = -1;
	}
	/* No other process has the pipe yet, so closing does not hang. */
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	fd_close(&socks[0]);
	fd_close(&socks[1]);
	return result;
}
