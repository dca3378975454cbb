/* SPDX-License-Identifier: ISC */
/*
 * The service manager that has started hotswap.
 */
#include "keep/upward.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#define PATIENCE_S 1

static long long
number_in(const char *variable)
{
	const char *text = getenv(variable);

	return text != NULL ? strtonum(text, 0, INT64_MAX, NULL) : 0;
}

int
upward_open(void)
{
	const struct timeval patience = { PATIENCE_S, 0 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	socklen_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlcpy(un.sun_path, path, sizeof(un.sun_path)) >=
		sizeof(un.sun_path))
		return -1;
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(path) + (path[0] == '/'));
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&un, len) == -1)
		fd_close(&fd);
	return fd;
}

unsigned int
upward_store_max(void)
{
	long long max = number_in("FDSTORE");
	long long whose = number_in("SYSTEMD_EXEC_PID");

	/*
	 * With NotifyAccess=main, systemd.service(5), systemd ignores this
	 * process if a shell is between systemd and it.  A store that was
	 * offered to another hotswap goes to that one's successor while this
	 * process still runs.
	 */
	if (getenv("NOTIFY_SOCKET") == NULL || getenv("HOTSWAP_NAME") != NULL ||
	    (whose != 0 && whose != getpid()))
		return 0;
	return max < UINT_MAX ? (unsigned int)max : UINT_MAX;
}

int64_t
upward_watchdog_usec(pid_t pid)
{
	long long whose = number_in("WATCHDOG_PID");

	if (getenv("NOTIFY_SOCKET") == NULL || (whose != 0 && whose != pid))
		return 0;
	return number_in("WATCHDOG_USEC");
}
