/* SPDX-License-Identifier: ISC */
/*
 * The holder of sockets.  A socket is known by its cookie, socket(7), the only
 * name that stays the same over execve(2), fork(2) and SCM_RIGHTS.
 */
#include "traffic/holder.h"

#include <stddef.h>

#include "base/sockopt.h"

int
holder_hold(const struct holder *holder, int fd)
{
	uint64_t cookie;

	if (holder == NULL)
		return 0;
	/* What has no name could never be released. */
	cookie = sockopt_cookie(fd);
	return cookie != 0 ? holder->hold(cookie, fd, holder->arg) : -1;
}

void
holder_release(const struct holder *holder, int fd, bool wait)
{
	if (holder != NULL)
		holder->release(sockopt_cookie(fd), fd, wait, holder->arg);
}

void
holder_commit(const struct holder *holder)
{
	if (holder != NULL)
		holder->commit(holder->arg);
}

void
holder_changed(const struct holder *holder)
{
	if (holder != NULL)
		holder->changed(holder->arg);
}
