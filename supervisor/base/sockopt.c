/* SPDX-License-Identifier: ISC */
/*
 * Reads and sets socket options whose value is one number.
 */
#include "base/sockopt.h"

#include <sys/socket.h>

int
sockopt_get(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, option, &value, &len) == 0 ? value : -1;
}

bool
sockopt_is_set(int fd, int level, int option)
{
	return sockopt_get(fd, level, option) > 0;
}

int
sockopt_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

uint64_t
sockopt_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0
	    ? cookie
	    : 0;
}
