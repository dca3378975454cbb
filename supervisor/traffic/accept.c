/* SPDX-License-Identifier: ISC */
/*
 * The built-in health check.  It makes one connection at a time, to one
 * listener after the other, and looks again and again whether it has been
 * accepted, while the check lasts.  It sends nothing.
 */
#include "traffic/accept.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/sockopt.h"
#include "traffic/diag.h"

#define INTERVAL_MAX_MS 50 /* between two looks; the first is after 1 ms */

struct accept_check {
	struct event_base *base;
	struct address *addresses;
	size_t n;
	size_t at; /* index of the address being checked */
	unsigned int generation;
	unsigned int timeout_ms;
	int64_t deadline; /* clock_ms() */
	unsigned int interval_ms;
	unsigned int looks;  /* at this connection */
	unsigned int source; /* index of the next directed source */
	bool reserved;	     /* its source port is one of a few */
	int fd;
	struct event *event;
	char why[2 * ADDRESS_STRLEN + 3];
	accept_find *find;
	accept_done *done;
	void *arg;
};

static const struct address *
check_address(const struct accept_check *check)
{
	return &check->addresses[check->at];
}

/* The listener that is being checked; NULL if it has gone. */
static struct listener *
check_listener(const struct accept_check *check)
{
	struct listener *l = check->find(check_address(check), check->arg);
	size_t n = 0;

	if (l != NULL)
		listener_sockets(l, check->generation, &n);
	return n > 0 ? l : NULL;
}

static void check_connect(struct accept_check *);
static void check_look(struct accept_check *);
static void check_next(struct accept_check *);

/*
 * A reset leaves no TIME_WAIT, which would occupy a reserved source port.
 * Other connections are not reset, as servers log a reset.
 */
static void
check_disconnect(struct accept_check *check)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	if (check->event != NULL)
		event_free(check->event);
	check->event = NULL;
	if (check->fd == -1)
		return;
	if (check->reserved)
		setsockopt(
		    check->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	fd_close(&check->fd);
}

void
accept_check_cancel(struct accept_check *check)
{
	check_disconnect(check);
	free(check->addresses);
	free(check);
}

static void
check_pass(struct accept_check *check)
{
	check->done(true, NULL, check->arg);
	accept_check_cancel(check);
}

static void
check_pass_over(struct accept_check *check)
{
	check->at++;
	check_next(check);
}

/* Fail, unless the program has closed the socket meanwhile. */
static void __attribute__((format(printf, 2, 3)))
check_fail(struct accept_check *check, const char *fmt, ...)
{
	char address[ADDRESS_STRLEN], what[ADDRESS_STRLEN];
	va_list args;

	if (check_listener(check) == NULL) {
		check_pass_over(check);
		return;
	}
	address_format(check_address(check), address);
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	snprintf(check->why, sizeof(check->why), "%s: %s", address, what);
	check_disconnect(check);
	check->done(false, check->why, check->arg);
	accept_check_cancel(check);
}

/* Wait for the connection or for ms, but no longer than the check lasts. */
static void
check_wait(
    struct accept_check *check, short events, int64_t ms, event_callback_fn fn)
{
	int64_t left = check->deadline - clock_ms();
	struct timeval interval = clock_interval(ms < left ? ms : left);

	if (check->event != NULL)
		event_free(check->event);
	check->event = event_new(check->base, check->fd, events, fn, check);
	if (check->event == NULL || event_add(check->event, &interval) == -1)
		check_fail(check, "%s", strerror(ENOMEM));
}

/* Has one of the generation's sockets this option set? */
static bool
check_has(const struct accept_check *check, int level, int option)
{
	const struct listener *l = check_listener(check);
	const int *fds;
	size_t i, n;

	if (l == NULL)
		return false;
	fds = listener_sockets(l, check->generation, &n);
	for (i = 0; i < n; i++)
		if (sockopt_is_set(fds[i], level, option))
			return true;
	return false;
}

/*
 * The kernel's answer about this very connection.  If it gives none, the queue
 * decides, but not at the first look: a connection enters the queue a moment
 * after connect(2) returns.
 */
static bool
check_is_accepted(const struct accept_check *check)
{
	int r = diag_accepted(check->fd);
	struct listener *l;

	if (r != -1)
		return r;
	return check->looks > 0 && (l = check_listener(check)) != NULL &&
	    listener_queued(l, check->generation) == 0;
}

static void
check_on_look(evutil_socket_t fd, short events, void *arg)
{
	check_look(arg);
}

static void
check_look_again(struct accept_check *check)
{
	unsigned int interval = check->interval_ms;

	check->looks++;
	check->interval_ms =
	    2 * interval < INTERVAL_MAX_MS ? 2 * interval : INTERVAL_MAX_MS;
	check_wait(check, EV_READ, interval, check_on_look);
}

/*
 * A program that has sent something or closed the connection has accepted it.
 * So has a program that has reset it; but when a socket stops listening, its
 * queue is reset as well.
 */
static void
check_look(struct accept_check *check)
{
	char byte;
	bool quiet, reset;

	quiet = recv(check->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1;
	reset = quiet && errno != EAGAIN;
	if (reset && !check_has(check, SOL_SOCKET, SO_ACCEPTCONN)) {
		check_fail(check, "the program has stopped listening");
	} else if (!quiet || reset || check_is_accepted(check)) {
		check_pass_over(check);
	} else if (clock_ms() >= check->deadline) {
		check_fail(check,
		    "connects, but the program has not accepted within %u ms",
		    check->timeout_ms);
	} else {
		check_look_again(check);
	}
}

/*
 * TCP_DEFER_ACCEPT holds a connection back until data comes; the end of the
 * data lets it through as well.
 */
static void
check_watch(struct accept_check *check)
{
	if (address_kind(check_address(check)) == ADDRESS_INET &&
	    check_has(check, IPPROTO_TCP, TCP_DEFER_ACCEPT))
		shutdown(check->fd, SHUT_WR);
	check->interval_ms = 1;
	check->looks = 0;
	check_look(check);
}

static void
check_refused(struct accept_check *check, int error)
{
	if (error == ECONNREFUSED)
		check_fail(check, "refused");
	else
		check_fail(check, "connect: %s", strerror(error));
}

static void
check_on_connect(evutil_socket_t fd, short events, void *arg)
{
	struct accept_check *check = arg;
	socklen_t len = sizeof(int);
	int error = 0;

	if (!(events & EV_WRITE)) {
		check_fail(
		    check, "does not connect within %u ms", check->timeout_ms);
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		check_refused(check, error);
	else
		check_watch(check);
}

static void
check_on_retry(evutil_socket_t fd, short events, void *arg)
{
	struct accept_check *check = arg;

	if (clock_ms() >= check->deadline)
		check_fail(check,
		    "its queue is full, the program has not "
		    "accepted within %u ms",
		    check->timeout_ms);
	else
		check_connect(check);
}

/* Begin to connect, from the next directed source.  -1 with errno. */
static int
check_open(struct accept_check *check)
{
	struct address to, source;
	const struct directory *directory;
	struct listener *l = check_listener(check);
	bool is_private;

	if (l == NULL) {
		errno = ENOENT;
		return -1;
	}
	is_private = listener_private(l, check->generation, &directory) != NULL;
	if (listener_direct(
		l, check->generation, check->source, &to, &source) == -1)
		return -1;
	check->fd = socket(
	    to.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (check->fd == -1)
		return -1;
	check->reserved = source.len > 0 && address_port(&source) != 0;
	if (source.len > 0 &&
	    (sockopt_set(check->fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1 ||
		bind(check->fd, &source.sa, source.len) == -1))
		return -1;
	if (is_private)
		return listener_connect(l, check->generation, check->fd);
	return connect(check->fd, &to.sa, to.len);
}

/* Reserved source ports may be in use by a user or by another check. */
static void
check_connect(struct accept_check *check)
{
	int64_t left = check->deadline - clock_ms();
	int r;

	for (;;) {
		check_disconnect(check);
		if ((r = check_open(check)) == 0)
			break;
		if (errno != EADDRINUSE && errno != EADDRNOTAVAIL)
			break;
		check->source++;
	}
	if (r == 0)
		check_watch(check);
	else if (errno == EAFNOSUPPORT) /* nothing is directed there */
		check_pass_over(check);
	else if (errno == EINPROGRESS)
		check_wait(check, EV_WRITE, left, check_on_connect);
	else if (errno == EAGAIN) /* a Unix socket's queue, connect(2) */
		check_wait(check, 0, INTERVAL_MAX_MS, check_on_retry);
	else if (errno == ERANGE)
		check_fail(check,
		    "no check can be sent: all source ports that lead to "
		    "this generation are in use");
	else
		check_refused(check, errno);
}

static void
check_next(struct accept_check *check)
{
	check_disconnect(check);
	while (
	    check->at < check->n && check_address(check)->type != SOCK_STREAM)
		check->at++;
	check->source = 0;
	if (check->at == check->n)
		check_pass(check);
	else
		check_connect(check);
}

static void
check_on_start(evutil_socket_t fd, short events, void *arg)
{
	check_next(arg);
}

struct accept_check *
accept_check_start(struct event_base *base, const struct address *addresses,
    size_t n, unsigned int generation, unsigned int timeout_ms,
    accept_find *find, accept_done *done, void *arg)
{
	const struct timeval now = { 0 };
	struct accept_check *check;

	if ((check = calloc(1, sizeof(*check))) == NULL)
		return NULL;
	check->fd = -1;
	check->base = base;
	check->n = n;
	check->generation = generation;
	check->timeout_ms = timeout_ms;
	check->deadline = clock_ms() + timeout_ms;
	check->find = find;
	check->done = done;
	check->arg = arg;
	check->addresses = calloc(n + 1, sizeof(*addresses));
	check->event = event_new(base, -1, 0, check_on_start, check);
	if (check->addresses == NULL || check->event == NULL ||
	    event_add(check->event, &now) == -1) {
		accept_check_cancel(check);
		errno = ENOMEM;
		return NULL;
	}
	memcpy(check->addresses, addresses, n * sizeof(*addresses));
	return check;
}
