/* SPDX-License-Identifier: ISC */
/*
 * The child that asks the services, and what it says to its parent: a head and
 * a page.
 */
#include "exporter/asker.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

#define ASKER_FD (STDERR_FILENO + 1)

struct head {
	uint32_t status;
	uint32_t length; /* of the page */
};

/* -1 if the parent has gone, or there is no memory. */
static int
answer(asker_print *print, int fd)
{
	struct head head = { .status = 200 };
	char *page = NULL;
	size_t length = 0;
	int r = -1;
	FILE *out;

	if ((out = open_memstream(&page, &length)) == NULL)
		return -1;
	if (!print(out))
		head.status = 500;
	if (fclose(out) == EOF || length > UINT32_MAX)
		goto out;
	head.length = head.status == 200 ? (uint32_t)length : 0;
	if (fd_write_all(fd, &head, sizeof(head)) == 0)
		r = fd_write_all(fd, page, head.length);
out:
	free(page);
	return r;
}

/* Ends with the parent, not before: a service manager signals both. */
static _Noreturn void
answer_all(asker_print *print, int fd)
{
	char byte;
	ssize_t n;

	/* The sockets of the parent must end with the parent. */
	if (fd_arrange(&fd, 1, ASKER_FD, 0) == -1 ||
	    close_range(ASKER_FD + 1, UINT_MAX, 0) == -1)
		_exit(1);

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "hotswap-asker");
	while ((n = read(fd, &byte, 1)) == 1 || (n == -1 && errno == EINTR))
		if (n == 1 && answer(print, fd) == -1)
			break;
	_exit(0);
}

pid_t
asker_start(asker_print *print, int *fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	if ((pid = fork()) == 0) {
		close(pair[0]);
		answer_all(print, pair[1]);
	}
	fd_close(&pair[1]);
	if (pid == -1)
		fd_close(&pair[0]);
	*fd = pair[0];
	return pid;
}

unsigned int
asker_take(struct evbuffer *in, struct evbuffer *body)
{
	struct head head;

	if (evbuffer_copyout(in, &head, sizeof(head)) < (ssize_t)sizeof(head) ||
	    evbuffer_get_length(in) < sizeof(head) + head.length)
		return 0;
	evbuffer_drain(in, sizeof(head));
	evbuffer_remove_buffer(in, body, head.length);
	return head.status;
}
