/* SPDX-License-Identifier: ISC */
/*
 * One connection to ourselves.
 */
#include "traffic/trace.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "traffic/queue.h"

/* From the first directed source that is free. */
static int
connect_directed(const struct endpoint *at)
{
	const struct linger reset = { .l_onoff = 1 };
	const int on = 1;
	struct address to, source;
	unsigned int n;
	int fd;

	for (n = 0; address_direct(&at->address, at->v6only, TRACE_GENERATION,
			n, &to, &source) == 0;
	     n++) {
		fd = socket(to.sa.sa_family,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd == -1)
			return -1;
		/* Reset at close, so that no source stays in TIME_WAIT. */
		if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
			sizeof(reset)) == 0 &&
		    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
			0 &&
		    bind(fd, &source.sa, source.len) == 0 &&
		    (connect(fd, &to.sa, to.len) == 0 || errno == EINPROGRESS))
			return fd;
		fd_close(&fd);
	}
	return -1;
}

int
trace_connection(const struct endpoint *at, const struct group *group)
{
	const struct group_slot *s;
	int fd, accepted, found = -1;

	if ((fd = connect_directed(at)) == -1)
		return -1;
	for (s = group->slots; s < group->slots + group->n; s++) {
		if (!s->unsure || queue_length(s->fd) <= 0)
			continue;
		found = s->fd;
		accepted = accept4(found, NULL, NULL, SOCK_CLOEXEC);
		fd_close(&accepted);
		break;
	}
	fd_close(&fd);
	return found;
}
