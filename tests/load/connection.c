/* SPDX-License-Identifier: ISC */
/*
 * One connection of the load client.
 */
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/param.h>
#include <unistd.h>

static char buffer[65536];

static const struct cause {
	int error;
	enum outcome outcome;
} causes[] = {
	{ ECONNREFUSED, OUTCOME_REFUSED },
	{ ENOENT, OUTCOME_REFUSED }, /* there is no such Unix socket */
	{ ECONNRESET, OUTCOME_RESET },
	{ ECONNABORTED, OUTCOME_RESET },
	{ EPIPE, OUTCOME_RESET },
	{ ETIMEDOUT, OUTCOME_TIMED_OUT },
};

#define NCAUSES (sizeof(causes) / sizeof(causes[0]))

static int
failed(struct connection *c, const char *doing, int error)
{
	size_t i;

	snprintf(
	    c->detail, sizeof(c->detail), "%s: %s", doing, strerror(error));
	for (i = 0; i < NCAUSES; i++)
		if (causes[i].error == error)
			return (int)causes[i].outcome;
	return OUTCOME_CLIENT;
}

static void
watch(
    const struct connection *c, int epoll, int how, uint32_t events, void *data)
{
	struct epoll_event event = { .events = events, .data.ptr = data };

	epoll_ctl(epoll, how, c->fd, &event);
}

/*
 * Bind to the client's address, and let connect(2) choose the port, which then
 * may be used for several servers, ip(7).
 */
static int
bind_source(const struct connection *c, const struct options *o)
{
	union name name = o->source;
	int one = 1;

	if (o->nsources == 0)
		return 0;
	if (name.sa.sa_family == AF_INET)
		name.in.sin_addr.s_addr =
		    htonl(ntohl(name.in.sin_addr.s_addr) + c->source);
	setsockopt(
	    c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	return bind(c->fd, &name.sa,
	    name.sa.sa_family == AF_INET ? sizeof(name.in) : sizeof(name.in6));
}

static int
try_send(struct connection *c)
{
	ssize_t n;

	c->state = CONNECTION_SENDING;
	n = c->left == 0 ? 0 : send(c->fd, c->data, c->left, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN)
		return failed(c, "send", errno);
	if (n > 0) {
		c->data += n;
		c->left -= (size_t)n;
	}
	if (c->left == 0)
		c->state = CONNECTION_RECEIVING;
	return CONNECTION_PENDING;
}

static int
try_connect(struct connection *c, const struct options *o)
{
	if (connect(c->fd, &o->to.sa, o->to_len) == 0)
		return try_send(c);
	if (errno == EINPROGRESS) {
		c->state = CONNECTION_CONNECTING;
		return CONNECTION_PENDING;
	}
	if (errno == EAGAIN && o->to.sa.sa_family == AF_UNIX) {
		c->state = CONNECTION_BLOCKED;
		return CONNECTION_PENDING;
	}
	return failed(c, "connect", errno);
}

static int
open_socket(struct connection *c, const struct options *o)
{
	c->reused = false;
	c->fd = socket(
	    o->to.sa.sa_family, o->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		return failed(c, "socket", errno);
	if (bind_source(c, o) == -1)
		return failed(c, "bind", errno);
	return CONNECTION_PENDING;
}

/* Next comes the greeting of a new connection, or the request. */
static void
prepare(struct connection *c, const struct options *o, bool greeting)
{
	const struct bytes *until = greeting ? &o->greet_until : &o->until;

	c->greeting = greeting;
	c->data = greeting ? o->greet.data : c->request;
	c->left = greeting ? o->greet.len : c->len;
	reply_begin(
	    &c->reply, until->len > 0 ? until : NULL, !greeting && o->anywhere);
}

int
connection_send(struct connection *c, const struct options *o, int epoll,
    void *data, const char *request, size_t len)
{
	bool was_open = c->state == CONNECTION_IDLE;
	int outcome = CONNECTION_PENDING;

	c->request = request;
	c->len = len;
	c->detail[0] = '\0';
	prepare(c, o, !was_open && o->greet_until.len > 0);
	if (c->state == CONNECTION_CLOSED)
		outcome = open_socket(c, o);
	if (outcome == CONNECTION_PENDING)
		outcome = was_open ? try_send(c) : try_connect(c, o);
	if (outcome != CONNECTION_PENDING || c->state == CONNECTION_BLOCKED)
		return outcome;
	if (!was_open)
		watch(c, epoll, EPOLL_CTL_ADD,
		    c->state == CONNECTION_RECEIVING ? EPOLLIN : EPOLLOUT,
		    data);
	else if (c->state == CONNECTION_SENDING)
		watch(c, epoll, EPOLL_CTL_MOD, EPOLLOUT, data);
	return outcome;
}

/* A complete answer has come: is it the right one? */
static int
judge(struct connection *c, const struct options *o)
{
	c->state = CONNECTION_IDLE;
	if (o->version_from_body)
		reply_version_from_body(&c->reply);
	if (c->reply.status != 200) {
		snprintf(
		    c->detail, sizeof(c->detail), "status %d", c->reply.status);
		return OUTCOME_WRONG;
	}
	if (o->expect != NULL &&
	    memmem(c->reply.body, c->reply.body_len, o->expect,
		strlen(o->expect)) == NULL) {
		snprintf(
		    c->detail, sizeof(c->detail), "body: %.40s", c->reply.body);
		return OUTCOME_WRONG;
	}
	return OUTCOME_OK;
}

/* A complete answer has come: is it that to the greeting? */
static int
answered(struct connection *c, const struct options *o, int epoll, void *data)
{
	int outcome;

	if (!c->greeting)
		return judge(c, o);
	prepare(c, o, false);
	outcome = try_send(c);
	if (c->state == CONNECTION_SENDING)
		watch(c, epoll, EPOLL_CTL_MOD, EPOLLOUT, data);
	return outcome;
}

static int
receive(struct connection *c, const struct options *o, int epoll, void *data)
{
	enum reply_progress progress;
	ssize_t n = recv(c->fd, buffer, sizeof(buffer), 0);

	if (n == -1 && errno == EAGAIN)
		return CONNECTION_PENDING;
	if (n == -1)
		return failed(c, "receive", errno);
	if (o->type == SOCK_DGRAM) {
		reply_datagram(&c->reply, buffer, (size_t)n);
		return judge(c, o);
	}
	progress = n == 0 ? reply_end(&c->reply)
			  : reply_feed(&c->reply, buffer, (size_t)n);
	if (n == 0)
		c->reply.close = true;
	if (progress == REPLY_WHOLE)
		return answered(c, o, epoll, data);
	if (progress == REPLY_MORE && n > 0)
		return CONNECTION_PENDING;
	snprintf(c->detail, sizeof(c->detail), "%s after %zu bytes",
	    progress == REPLY_BAD ? "not understood" : "closed",
	    c->reply.bytes);
	return progress == REPLY_BAD ? OUTCOME_WRONG : OUTCOME_TRUNCATED;
}

int
connection_event(
    struct connection *c, const struct options *o, int epoll, void *data)
{
	socklen_t len = sizeof(int);
	int error = 0, outcome;

	if (c->state == CONNECTION_RECEIVING)
		return receive(c, o, epoll, data);
	if (c->state == CONNECTION_CONNECTING) {
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error != 0)
			return failed(c, "connect", error);
	}
	outcome = try_send(c);
	if (outcome == CONNECTION_PENDING && c->state == CONNECTION_RECEIVING)
		watch(c, epoll, EPOLL_CTL_MOD, EPOLLIN, data);
	return outcome;
}

enum reconnect
connection_lost(struct connection *c)
{
	ssize_t n = recv(c->fd, buffer, sizeof(buffer), 0);

	connection_close(c, false);
	return n == -1 ? RECONNECT_RESET : RECONNECT_CLOSED;
}

void
connection_close(struct connection *c, bool answered)
{
	struct linger at_once = { .l_onoff = 1 };

	if (answered)
		setsockopt(
		    c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->state = CONNECTION_CLOSED;
	c->reused = false;
}
