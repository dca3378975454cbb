/* SPDX-License-Identifier: ISC */
/*
 * Unix sockets: unix:PATH connects, unix:PATH:http:/PATH sends an HTTP request.
 * The connection is made first, with the rights that the prober was started
 * with.
 */
#include "probe/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe/http.h"

#define SCHEME "unix:"
#define HTTP   ":http:/"

/* The socket's path in the check's text, *new*; NULL with ENOMEM. */
static char *
path_of(const char *text)
{
	const char *http;

	text += strlen(SCHEME);
	http = strstr(text, HTTP);
	return http != NULL ? strndup(text, http - text) : strdup(text);
}

/*
 * Set an address of the file that is open, so that its path may be long.  A
 * link is refused in the path that the supervisor names: another user may own
 * its directory, and the prober may still be root.
 */
static int
open_path(const char *path, bool is_named_by_us, struct sockaddr_un *address)
{
	struct stat st;
	int file =
	    open(path, O_PATH | O_CLOEXEC | (is_named_by_us ? O_NOFOLLOW : 0));

	if (file == -1)
		return -1;
	if (fstat(file, &st) == -1 || !S_ISSOCK(st.st_mode)) {
		close(file);
		errno = ENOTSOCK;
		return -1;
	}
	snprintf(address->sun_path, sizeof(address->sun_path),
	    "/proc/self/fd/%d", file);
	return file;
}

/* Waits for room in the accept queue as long as the check may take. */
static int
connect_within(int sock, const struct sockaddr_un *address, socklen_t length,
    const struct check *check)
{
	long left = check_left_ms(check);
	struct timeval limit = { left / 1000, left % 1000 * 1000 };

	if (left == 0) {
		errno = EAGAIN;
		return -1;
	}
	if (setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ==
		-1 ||
	    connect(sock, (const struct sockaddr *)address, length) == -1)
		return -1;
	return fcntl(sock, F_SETFL, O_NONBLOCK);
}

/* -1 with errno, EAGAIN if the time is over. */
static int
connect_path(struct check *check, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(address);
	int file = -1, result = -1;

	if (path[0] == '@') {
		if (strlen(path) > sizeof(address.sun_path)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		length = offsetof(struct sockaddr_un, sun_path) + strlen(path);
		memcpy(address.sun_path + 1, path + 1, strlen(path + 1));
	} else if ((file = open_path(
			path, path == check->unix_path, &address)) == -1)
		return -1;
	check->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (check->sock != -1)
		result = connect_within(check->sock, &address, length, check);
	if (file != -1)
		close(file);
	return result;
}

int
unix_connect(struct check *check, struct verdict *verdict)
{
	char *path = path_of(check->text);
	const char *to = check->unix_path != NULL ? check->unix_path : path;
	int result = -1;

	if (path == NULL)
		verdict_set(verdict, CHECK_FAILED, "out of memory");
	else if (path[0] == '\0')
		verdict_set(verdict, CHECK_USAGE, "the path is missing");
	else if (connect_path(check, to) == 0)
		result = 0;
	else if (errno == EAGAIN)
		verdict_set(verdict, CHECK_FAILED,
		    "no connection within %ld ms", check->timeout_ms);
	else
		verdict_set(verdict, CHECK_FAILED, "%s", session_errno(errno));
	free(path);
	return result;
}

void
check_unix(const struct check *check, struct verdict *verdict)
{
	const char *http = strstr(check->text, HTTP);
	struct session session;
	char *url;

	if (asprintf(&url, "http://localhost/%s",
		http != NULL ? http + strlen(HTTP) : "") == -1) {
		verdict_set(verdict, CHECK_FAILED, "out of memory");
		return;
	}
	if (session_open(&session, check, url, NULL, verdict) == 0) {
		if (http != NULL)
			http_check(&session, verdict);
		else
			session_passed(&session, "connected", verdict);
	}
	session_close(&session);
	free(url);
}
