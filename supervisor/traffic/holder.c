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
	if (holder == NULL)
		return 0;
	return holder->hold(sockopt_cookie(fd), fd, holder->arg);
}

void
holder_release(const struct holder *holder, int fd, bool wait)
{
	if (holder != NULL)
		holder->release(sockopt_cookie(fd), wait, holder->arg);
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
