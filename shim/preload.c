/* SPDX-License-Identifier: ISC */
/*
 * The preload library.  It announces these calls to the supervisor and does
 * what the supervisor answers: bind, listen, setsockopt with an option that
 * decides who gets a socket's connections, unlinking a socket, and connecting a
 * Unix socket where the supervisor wants to know.  Without a
 * supervisor it does what the C library does.
 *
 * It is loaded into every dynamically linked program that the server starts, so
 * it keeps no state but the socket's name and what is asked, allocates nothing,
 * prints nothing, leaves no descriptor behind, and keeps errno.  It is linked
 * against no library: syscall, getenv and errno's address come from the
 * program's own C library, be it glibc of any age or musl.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "announce.h"

/* <dlfcn.h> declares these only with _GNU_SOURCE, which changes bind's type. */
#define RTLD_NEXT ((void *)-1L)
extern void *dlsym(void *, const char *) __attribute__((weak));
long syscall(long, ...);

#define NO_VERDICT (-1)

#define EXPORT __attribute__((visibility("default")))

/* Read once, when loaded: programs overwrite their environment. */
static struct sockaddr_un supervisor;
static socklen_t supervisor_len; /* 0: there is no supervisor */
static bool with_connect;	 /* it wants to know of connect(2) too */

EXPORT int bind(int, const struct sockaddr *, socklen_t);
EXPORT int connect(int, const struct sockaddr *, socklen_t);
EXPORT int listen(int, int);
EXPORT int setsockopt(int, int, int, const void *, socklen_t);
EXPORT int unlink(const char *);
EXPORT int unlinkat(int, const char *, int);
EXPORT int remove(const char *);

__attribute__((constructor)) static void
find_supervisor(void)
{
	const char *path = getenv(ANNOUNCE_ENV);
	size_t n;

	if (path == NULL || path[0] != '/')
		return;
	for (n = 0; path[n] != '\0'; n++) {
		if (n == ANNOUNCE_PATH_MAX)
			return;
		supervisor.sun_path[n] = path[n];
	}
	supervisor.sun_family = AF_UNIX;
	supervisor_len = offsetof(struct sockaddr_un, sun_path) + n + 1;
	with_connect = getenv(ANNOUNCE_CONNECT_ENV) != NULL;
}

static void
close_quietly(int fd)
{
	int saved = errno;

	syscall(SYS_close, fd);
	errno = saved;
}

static void
set_time_limit(int sock, time_t seconds)
{
	struct timeval limit = { .tv_sec = seconds };

	syscall(SYS_setsockopt, sock, SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit));
	syscall(SYS_setsockopt, sock, SOL_SOCKET, SO_SNDTIMEO, &limit,
	    sizeof(limit));
}

static int
connect_supervisor(void)
{
	int sock;
	long r;

	if (supervisor_len == 0)
		return -1;
	sock = syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock == -1)
		return -1;
	set_time_limit(sock, ANNOUNCE_LIMIT_SEC);
	do
		r = syscall(SYS_connect, sock, &supervisor, supervisor_len);
	while (r == -1 && errno == EINTR);
	if (r == 0)
		return sock;
	close_quietly(sock);
	return -1;
}

/* Room for one descriptor that comes with a message. */
union control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

/*
 * The kernel reads the address or path from the program's memory.  Reading it
 * here would crash the program where the C library returns EFAULT.
 */
static int
send_request(int sock, const struct announce_request *request, int fd,
    const void *data, size_t len)
{
	struct iovec iov[2] = {
		{ .iov_base = (void *)request, .iov_len = sizeof(*request) },
		{ .iov_base = (void *)data, .iov_len = len },
	};
	union control control = { .header = { .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS,
				      .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	long n;

	if (fd != -1) {
		*(int *)CMSG_DATA(&control.header) = fd;
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.space);
	}
	do
		n = syscall(SYS_sendmsg, sock, &msg, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

/* Receive a reply, and its descriptor or -1 in *fd.  False at the end. */
static bool
receive_reply(int sock, struct announce_reply *reply, int *fd)
{
	struct iovec iov = { .iov_base = reply, .iov_len = sizeof(*reply) };
	union control control;
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space) };
	struct cmsghdr *cmsg;
	long n;

	*fd = -1;
	do
		n = syscall(SYS_recvmsg, sock, &msg, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return false;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg != NULL && cmsg->cmsg_level == SOL_SOCKET &&
	    cmsg->cmsg_type == SCM_RIGHTS)
		*fd = *(int *)CMSG_DATA(cmsg);
	return n == sizeof(*reply);
}

/* The socket that came gets the number of the program's own socket. */
static void
replace_socket(int number, int fd)
{
	long flags = syscall(SYS_fcntl, number, F_GETFD);

	if (fd == -1)
		return;
	if (flags != -1)
		syscall(SYS_dup3, fd, number,
		    (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
	close_quietly(fd);
}

/*
 * Wait for the verdict.  Returns the verdict and DONE's errno in *error; or
 * NO_VERDICT if the supervisor ended before.
 */
static int
await_verdict(int sock, int number, int *error)
{
	struct announce_reply reply;
	int fd;

	while (receive_reply(sock, &reply, &fd)) {
		if (reply.verdict == ANNOUNCE_REPLACE) {
			replace_socket(number, fd);
			continue;
		}
		if (fd != -1)
			close_quietly(fd);
		if (reply.verdict == ANNOUNCE_HOLD) {
			set_time_limit(sock, 0);
			continue;
		}
		*error = reply.error;
		return (int)reply.verdict;
	}
	/* EAGAIN is a supervisor that hangs; else it has ended. */
	return errno == EAGAIN ? ANNOUNCE_PASS : NO_VERDICT;
}

/* A successor has the same socket, where connections wait for it. */
static int
ask(const struct announce_request *request, int fd, const void *data,
    size_t len, int *error)
{
	struct announce_request asked = *request;
	int tries, sock, verdict = NO_VERDICT;

	for (tries = 0; tries < ANNOUNCE_TRIES && verdict == NO_VERDICT;
	     tries++) {
		if ((sock = connect_supervisor()) == -1)
			break;
		errno = 0;
		if (send_request(sock, &asked, fd, data, len) == 0)
			verdict = await_verdict(sock, asked.number, error);
		else if (errno != EPIPE && errno != ECONNRESET)
			verdict = ANNOUNCE_PASS;
		close_quietly(sock);
		asked.kind |= ANNOUNCE_AGAIN;
	}
	return verdict;
}

/*
 * Announce a call to the supervisor.  True if the supervisor has answered it:
 * the program gets *result and errno.
 */
static bool
announce(const struct announce_request *request, int fd, const void *data,
    size_t len, int *result)
{
	int saved = errno, error = 0, verdict;

	verdict = ask(request, fd, data, len, &error);
	errno = saved;
	if (verdict == ANNOUNCE_PASS && error == ANNOUNCE_NO_MORE &&
	    request->kind == ANNOUNCE_CONNECT)
		with_connect = false;
	if (verdict != ANNOUNCE_DONE)
		return false;
	*result = error == 0 ? 0 : -1;
	if (error != 0)
		errno = error;
	return true;
}

static int
family_of(int fd)
{
	int family = -1, saved = errno;
	socklen_t len = sizeof(family);

	syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
	errno = saved;
	return family;
}

/* Is fd a socket of a family that listeners have? */
static bool
is_inet_or_unix(int fd)
{
	int family = family_of(fd);

	return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}

/* The library looks itself, so that unlinking a plain file costs no message. */
static bool
announce_unlink(int directory, const char *path, int *result)
{
	const struct announce_request request = { ANNOUNCE_VERSION,
		ANNOUNCE_UNLINK, directory, 0 };
	struct statx st = { 0 };
	int saved = errno;
	size_t len = 0;
	long r;

	if (supervisor_len == 0)
		return false;
	r = syscall(
	    SYS_statx, directory, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st);
	errno = saved;
	if (r != 0 || !S_ISSOCK(st.stx_mode))
		return false;
	while (path[len] != '\0')
		len++;
	return announce(&request, -1, path, len, result);
}

/*
 * The function of this name in the next library, or in the C library.  NULL if
 * the program has no dlsym, as with glibc before 2.34 without libdl; the caller
 * makes the system call itself then.
 */
static void *
find_next(const char *name)
{
	return dlsym == NULL ? NULL : dlsym(RTLD_NEXT, name);
}

int
bind(int fd, const struct sockaddr *address, socklen_t len)
{
	const struct announce_request request = { ANNOUNCE_VERSION,
		ANNOUNCE_BIND, fd, 0 };
	int (*next)(int, const struct sockaddr *, socklen_t);
	int result;

	if (supervisor_len != 0 && len <= ANNOUNCE_DATA_MAX &&
	    is_inet_or_unix(fd) &&
	    announce(&request, fd, address, len, &result))
		return result;
	if ((next = find_next("bind")) != NULL)
		return next(fd, address, len);
	return syscall(SYS_bind, fd, address, len);
}

int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	const struct announce_request request = { ANNOUNCE_VERSION,
		ANNOUNCE_CONNECT, fd, 0 };
	int (*next)(int, const struct sockaddr *, socklen_t);
	int result = 0;

	if (with_connect && len <= sizeof(struct sockaddr_un) &&
	    family_of(fd) == AF_UNIX &&
	    announce(&request, fd, address, len, &result))
		return result;
	if ((next = find_next("connect")) != NULL)
		return next(fd, address, len);
	return syscall(SYS_connect, fd, address, len);
}

int
listen(int fd, int backlog)
{
	const struct announce_request request = { ANNOUNCE_VERSION,
		ANNOUNCE_LISTEN, fd, backlog };
	int (*next)(int, int);
	int result;

	if (supervisor_len != 0 && is_inet_or_unix(fd) &&
	    announce(&request, fd, NULL, 0, &result))
		return result;
	if ((next = find_next("listen")) != NULL)
		return next(fd, backlog);
	return syscall(SYS_listen, fd, backlog);
}

/* Whether filter.h names this option. */
static bool
is_for_supervisor(int level, int option)
{
	return level == SOL_SOCKET &&
	    (option == SO_REUSEPORT || option == SO_ATTACH_REUSEPORT_CBPF ||
		option == SO_ATTACH_REUSEPORT_EBPF ||
		option == SO_DETACH_REUSEPORT_BPF);
}

int
setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	const struct announce_request request = { ANNOUNCE_VERSION,
		ANNOUNCE_OPTION, fd, option };
	int (*next)(int, int, int, const void *, socklen_t);
	int result;

	if (is_for_supervisor(level, option) && supervisor_len != 0 &&
	    len <= ANNOUNCE_DATA_MAX && is_inet_or_unix(fd) &&
	    announce(&request, fd, value, len, &result))
		return result;
	if ((next = find_next("setsockopt")) != NULL)
		return next(fd, level, option, value, len);
	return syscall(SYS_setsockopt, fd, level, option, value, len);
}

int
unlink(const char *path)
{
	int (*next)(const char *);
	int result;

	if (announce_unlink(AT_FDCWD, path, &result))
		return result;
	if ((next = find_next("unlink")) != NULL)
		return next(path);
	return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int
unlinkat(int directory, const char *path, int flags)
{
	int (*next)(int, const char *, int);
	int result;

	if (flags == 0 && announce_unlink(directory, path, &result))
		return result;
	if ((next = find_next("unlinkat")) != NULL)
		return next(directory, path, flags);
	return syscall(SYS_unlinkat, directory, path, flags);
}

/* The C library's remove(3) calls unlink in a way that cannot be preloaded. */
int
remove(const char *path)
{
	int (*next)(const char *);
	int result;

	if (announce_unlink(AT_FDCWD, path, &result))
		return result;
	if ((next = find_next("remove")) != NULL)
		return next(path);
	result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	if (result == -1 && (errno == EISDIR || errno == EPERM))
		result = syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
	return result;
}
