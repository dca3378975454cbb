/* SPDX-License-Identifier: ISC */
/*
 * The connections of the exporter and their states.
 */
#include "exporter/server.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sockopt.h"
#include "exporter/pages.h"
#include "exporter/request.h"

#define CONNECTIONS_MAX 128
#define HEAD_MAX	16384	    /* bytes of a request */
#define SEND_BUFFER	(128 << 10) /* so much may a client leave unread */
#define PAUSE_MS	1000	    /* without a free place or descriptor */

enum state {
	STATE_IDLE,	 /* the next request has not begun */
	STATE_READING,	 /* it has */
	STATE_WAITING,	 /* for a page that is not being made yet */
	STATE_PROMISED,	 /* for the one that is being made */
	STATE_WRITING,	 /* until the answer is sent */
	STATE_LINGERING, /* reads what the client has still sent */
};

/*
 * How long a connection may be in a state, and how long it may be there if
 * others wait for its place: its client may still be about to send, or to read.
 */
static const struct {
	int64_t limit_ms, spare_ms;
} times[] = {
	[STATE_IDLE] = { 120000, 0 },
	[STATE_READING] = { 10000, 1000 },
	[STATE_WAITING] = { 20000, INT64_MAX },
	[STATE_PROMISED] = { 20000, INT64_MAX },
	[STATE_WRITING] = { 30000, 2000 },
	[STATE_LINGERING] = { 2000, 1000 },
};

struct connection {
	TAILQ_ENTRY(connection) entry;
	struct server *server;
	struct bufferevent *stream;
	struct event *timer;
	enum state state;
	int64_t since; /* it is in the state */
	struct request request;
	size_t taken; /* bytes of the request */
	bool ended;   /* the client sends nothing more */
};

struct acceptor {
	SLIST_ENTRY(acceptor) entry;
	struct server *server;
	struct event *event;
	int fd;
};

struct server {
	struct event_base *base;
	void (*make)(void *arg);
	void (*ended)(void *arg);
	void *arg;
	bool making, stopping, paused;
	struct event *resume;
	unsigned int count;
	/* The one that has been in its state for the longest time is first. */
	TAILQ_HEAD(, connection) connections;
	SLIST_HEAD(, acceptor) acceptors;
};

static void
pause_accepting(struct server *server)
{
	const struct timeval wait = clock_interval(PAUSE_MS);
	struct acceptor *acceptor;

	server->paused = true;
	SLIST_FOREACH (acceptor, &server->acceptors, entry)
		event_del(acceptor->event);
	event_add(server->resume, &wait);
}

static void
resume_accepting(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct acceptor *acceptor;

	server->paused = false;
	event_del(server->resume);
	SLIST_FOREACH (acceptor, &server->acceptors, entry)
		event_add(acceptor->event, NULL);
}

static void
drop(struct connection *connection)
{
	struct server *server = connection->server;

	TAILQ_REMOVE(&server->connections, connection, entry);
	server->count--;
	if (connection->timer != NULL)
		event_free(connection->timer);
	if (connection->stream != NULL)
		bufferevent_free(connection->stream);
	free(connection);
	if (server->paused && !server->stopping)
		resume_accepting(-1, 0, server);
	if (server->stopping && server->count == 0)
		server->ended(server->arg);
}

static void
enter(struct connection *connection, enum state state)
{
	struct server *server = connection->server;
	const struct timeval limit = clock_interval(times[state].limit_ms);

	connection->state = state;
	connection->since = clock_ms();
	event_add(connection->timer, &limit);
	TAILQ_REMOVE(&server->connections, connection, entry);
	TAILQ_INSERT_TAIL(&server->connections, connection, entry);
}

/* The next page must be made after these have asked for it. */
static void
make_page(struct server *server)
{
	struct connection *connection, *next;
	bool wanted = false;

	if (server->making)
		return;
	TAILQ_FOREACH_SAFE (connection, &server->connections, entry, next) {
		if (connection->state != STATE_WAITING)
			continue;
		/* Goes to the end, where the loop passes it over. */
		enter(connection, STATE_PROMISED);
		wanted = true;
	}
	server->making = wanted;
	if (wanted)
		server->make(server->arg);
}

/* Send an answer; body may be NULL, and is not changed. */
static void
answer(struct connection *connection, unsigned int status, const char *type,
    struct evbuffer *body)
{
	struct evbuffer *out = bufferevent_get_output(connection->stream);
	size_t length = body != NULL ? evbuffer_get_length(body) : 0;

	if (connection->server->stopping)
		connection->request.keep = false;
	pages_head(out, status, type, length, connection->request.keep);
	if (length > 0 && !connection->request.head)
		evbuffer_add_buffer_reference(out, body);
	enter(connection, STATE_WRITING);
}

static void
answer_text(struct connection *connection, unsigned int status)
{
	struct evbuffer *body = evbuffer_new();

	if (body != NULL)
		pages_text(body, status);
	answer(
	    connection, status, status == 200 ? PAGES_HTML : PAGES_TEXT, body);
	if (body != NULL)
		evbuffer_free(body);
}

static void
handle(struct connection *connection)
{
	const struct request *request = &connection->request;
	bool metrics = strcmp(request->path, "/metrics") == 0;

	if (request->status != 0)
		answer_text(connection, request->status);
	else if (!metrics && strcmp(request->path, "/") != 0)
		answer_text(connection, 404);
	else if (!request->get && !request->head)
		answer_text(connection, 405);
	else if (!metrics)
		answer_text(connection, 200);
	else {
		enter(connection, STATE_WAITING);
		make_page(connection->server);
	}
}

/* Is there a whole request, or one that is refused? */
static bool
take_request(struct connection *connection, struct evbuffer *in)
{
	struct request *request = &connection->request;
	bool whole = false;
	size_t length;
	char *line;

	while (!whole &&
	    (line = evbuffer_readln(in, &length, EVBUFFER_EOL_CRLF)) != NULL) {
		connection->taken += length + 2;
		whole = request_take(request, line, length);
		free(line);
	}
	if (connection->taken + (whole ? 0 : evbuffer_get_length(in)) <=
	    HEAD_MAX)
		return whole;
	request->status = 431;
	request->keep = false;
	return true;
}

static void
readable(struct bufferevent *stream, void *arg)
{
	struct connection *connection = arg;
	struct evbuffer *in = bufferevent_get_input(stream);

	if (connection->state == STATE_LINGERING)
		evbuffer_drain(in, evbuffer_get_length(in));
	if (connection->state > STATE_READING)
		return;
	if (connection->state == STATE_IDLE && evbuffer_get_length(in) > 0)
		enter(connection, STATE_READING);
	if (take_request(connection, in))
		handle(connection);
	else if (connection->ended)
		drop(connection);
}

/* The answer is sent. */
static void
written(struct bufferevent *stream, void *arg)
{
	struct connection *connection = arg;

	if (connection->state != STATE_WRITING)
		return;
	if (connection->request.keep) {
		memset(&connection->request, 0, sizeof(connection->request));
		connection->taken = 0;
		enter(connection, STATE_IDLE);
		readable(stream, connection);
		return;
	}
	if (connection->ended) {
		drop(connection);
		return;
	}
	/* Closing with data unread would destroy the answer on its way. */
	shutdown(bufferevent_getfd(stream), SHUT_WR);
	enter(connection, STATE_LINGERING);
	readable(stream, connection);
}

static void
broken(struct bufferevent *stream, short what, void *arg)
{
	struct connection *connection = arg;

	/* A client may send its end and still read. */
	connection->ended = true;
	if ((what & BEV_EVENT_ERROR) != 0 ||
	    connection->state < STATE_WAITING ||
	    connection->state == STATE_LINGERING)
		drop(connection);
}

static void
expired(evutil_socket_t fd, short what, void *arg)
{
	drop(arg);
}

static void
admit(struct server *server, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL) {
		close(fd);
		return;
	}
	connection->server = server;
	TAILQ_INSERT_TAIL(&server->connections, connection, entry);
	server->count++;
	connection->timer = evtimer_new(server->base, expired, connection);
	connection->stream =
	    bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (connection->timer == NULL || connection->stream == NULL) {
		if (connection->stream == NULL)
			close(fd);
		drop(connection);
		return;
	}
	sockopt_set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
	bufferevent_setcb(
	    connection->stream, readable, written, broken, connection);
	bufferevent_setwatermark(connection->stream, EV_READ, 0, HEAD_MAX + 1);
	bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
	/* Without a request it is of less use than one that had some. */
	enter(connection, STATE_READING);
}

static bool
is_dispensable(const struct connection *connection)
{
	return clock_ms() - connection->since >=
	    times[connection->state].spare_ms;
}

/* Drop the connection that has waited longest for its client, if one does. */
static bool
make_room(struct server *server)
{
	struct connection *connection;

	TAILQ_FOREACH (connection, &server->connections, entry)
		if (is_dispensable(connection)) {
			drop(connection);
			return true;
		}
	return false;
}

static void
acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct acceptor *acceptor = arg;
	struct server *server = acceptor->server;
	int client;

	if (server->count >= CONNECTIONS_MAX && !make_room(server)) {
		pause_accepting(server);
		return;
	}
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client != -1)
		admit(server, client);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM)
		pause_accepting(server);
}

struct server *
server_new(struct event_base *base, void (*make)(void *arg),
    void (*ended)(void *arg), void *arg)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->base = base;
	server->make = make;
	server->ended = ended;
	server->arg = arg;
	TAILQ_INIT(&server->connections);
	SLIST_INIT(&server->acceptors);
	server->resume = evtimer_new(base, resume_accepting, server);
	if (server->resume != NULL)
		return server;
	free(server);
	return NULL;
}

int
server_listen(struct server *server, int fd)
{
	struct acceptor *acceptor = calloc(1, sizeof(*acceptor));

	if (acceptor == NULL) {
		close(fd);
		return -1;
	}
	acceptor->server = server;
	acceptor->fd = fd;
	SLIST_INSERT_HEAD(&server->acceptors, acceptor, entry);
	acceptor->event = event_new(
	    server->base, fd, EV_READ | EV_PERSIST, acceptable, acceptor);
	return acceptor->event != NULL ? event_add(acceptor->event, NULL) : -1;
}

void
server_answer(struct server *server, unsigned int status, struct evbuffer *body)
{
	struct connection *connection, *next;

	server->making = false;
	TAILQ_FOREACH_SAFE (connection, &server->connections, entry, next)
		if (connection->state == STATE_PROMISED) {
			if (status == 200)
				answer(connection, 200, PAGES_METRICS, body);
			else
				answer_text(connection, status);
		}
	evbuffer_drain(body, evbuffer_get_length(body));
	make_page(server);
}

void
server_stop(struct server *server)
{
	struct connection *connection, *next;
	struct acceptor *acceptor;

	if (server->stopping)
		return;
	event_del(server->resume);
	while ((acceptor = SLIST_FIRST(&server->acceptors)) != NULL) {
		SLIST_REMOVE_HEAD(&server->acceptors, entry);
		if (acceptor->event != NULL)
			event_free(acceptor->event);
		close(acceptor->fd);
		free(acceptor);
	}
	/* One more, so that the last one is the last. */
	server->count++;
	server->stopping = true;
	TAILQ_FOREACH_SAFE (connection, &server->connections, entry, next) {
		connection->request.keep = false;
		if (connection->state <= STATE_READING)
			drop(connection);
	}
	if (--server->count == 0)
		server->ended(server->arg);
}
