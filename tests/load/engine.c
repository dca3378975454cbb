/* SPDX-License-Identifier: ISC */
/*
 * The clock and the loop of the load client.
 *
 * New connections are an open loop: each is due at its time, however slow the
 * server is, and its latency counts from that time.  So a stall counts for
 * every request that it delays.  Kept and slow connections are loops of one
 * request after the other.
 */
#include "engine.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"
#include "control.h"
#include "request.h"
#include "ticker.h"

#define EVENTS	  256
#define SPARE_FDS 32
#define BURST	  64	    /* late connections begun in one turn */
#define RETRY_NS  100000000 /* after a slow request has failed */
#define TICK_MIN  100000  /* new connections closer than that begin together */
#define UNIX_NS	  1000000 /* until a Unix socket that was full is tried again */

TAILQ_HEAD(clients, client);

struct client {
	enum kind kind;
	int64_t due;
	int64_t deadline;  /* of the request; while resting, of the next */
	int64_t connected; /* when the connection was begun */
	unsigned int phase;
	bool retried;
	TAILQ_ENTRY(client) entry;
	struct connection connection;
};

static struct {
	const struct options *options;
	struct tally *tally;
	int epoll, signals, tick;
	int64_t now;
	int64_t interval; /* between new connections; 0: none */
	int64_t next;	  /* when the next one is due */
	int64_t end;	  /* nothing begins after this */
	unsigned long begun, nsource;
	size_t open, room; /* clients, and how many there can be */
	char requests[NKINDS][REQUEST_MAX];
	size_t lengths[NKINDS];
	struct control *control;
	/*
	 * Both are in the order of their deadlines: all requests of a kind have
	 * the same time, so that the newest is the last.
	 */
	struct clients active[NKINDS], resting[NKINDS];
} engine;

int64_t
engine_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
client_free(struct client *c)
{
	connection_close(&c->connection, false);
	engine.open--;
	free(c);
}

static void
rest(struct client *c, int64_t ns)
{
	c->deadline = engine.now + ns;
	TAILQ_INSERT_TAIL(&engine.resting[c->kind], c, entry);
}

static void
record(struct client *c, enum outcome outcome)
{
	const struct connection *from = &c->connection;
	struct result r = { .kind = c->kind,
		.outcome = outcome,
		.phase = c->phase,
		.source = from->source,
		.due = c->due,
		.connected = from->reused ? 0 : c->connected,
		.ended = engine.now,
		.answered = from->state == CONNECTION_IDLE,
		.generation = from->reply.generation,
		.version = from->reply.version };

	memcpy(r.detail, from->detail, sizeof(r.detail));
	tally_add(engine.tally, &r);
}

/* A request has its outcome: what does its client do next? */
static void
finish(struct client *c, enum outcome outcome)
{
	struct connection *conn = &c->connection;
	bool answered = conn->state == CONNECTION_IDLE;

	record(c, outcome);
	TAILQ_REMOVE(&engine.active[c->kind], c, entry);
	if (c->kind == KIND_KEPT && answered && conn->reply.close)
		engine.tally->reconnects[RECONNECT_ANNOUNCED]++;
	if (c->kind == KIND_KEPT && answered && !conn->reply.close)
		conn->reused = true;
	else
		connection_close(conn, answered);
	if (c->kind == KIND_NEW || engine.now >= engine.end)
		client_free(c);
	else if (c->kind == KIND_KEPT)
		rest(c, engine.options->pause_ns);
	else
		rest(c, outcome == OUTCOME_OK ? 0 : RETRY_NS);
}

/*
 * A server may close a kept connection at any time, even when a request is just
 * sent.  If no byte of an answer has come, HTTP clients send the request once
 * more, on a new connection: RFC 9112, 9.3.1.
 */
static bool
may_retry(const struct client *c, int outcome)
{
	return (outcome == OUTCOME_RESET || outcome == OUTCOME_TRUNCATED) &&
	    c->connection.reused && c->connection.reply.bytes == 0 &&
	    !c->retried;
}

static void
go_on(struct client *c)
{
	struct connection *conn = &c->connection;
	const char *request = engine.requests[c->kind];
	int outcome;

	for (;;) {
		if (conn->state == CONNECTION_CLOSED)
			c->connected = engine_now();
		outcome = connection_send(conn, engine.options, engine.epoll, c,
		    request, engine.lengths[c->kind]);
		if (!may_retry(c, outcome))
			break;
		connection_close(conn, false);
		engine.tally->reconnects[RECONNECT_RETRIED]++;
		c->retried = true;
	}
	if (outcome != CONNECTION_PENDING) {
		engine.now = engine_now();
		finish(c, (enum outcome)outcome);
	}
}

static void
begin(struct client *c, int64_t due)
{
	int64_t time = engine.options->timeout_ns;

	if (c->kind == KIND_SLOW)
		time += engine.options->slow_ns;
	c->due = due;
	c->deadline = engine.now + time;
	c->phase = engine.tally->phase;
	c->retried = false;
	TAILQ_INSERT_TAIL(&engine.active[c->kind], c, entry);
	tally_late(engine.tally, engine.now - due);
	go_on(c);
}

static struct client *
client_new(enum kind kind)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		err(1, "no memory");
	c->kind = kind;
	c->connection.fd = -1;
	if (engine.options->nsources > 0)
		c->connection.source =
		    (unsigned int)(engine.nsource++ % engine.options->nsources);
	engine.open++;
	return c;
}

static void
on_client(struct client *c)
{
	struct connection *conn = &c->connection;
	int outcome;

	if (conn->state == CONNECTION_IDLE) {
		engine.tally->reconnects[connection_lost(conn)]++;
		return;
	}
	outcome = connection_event(conn, engine.options, engine.epoll, c);
	if (outcome == CONNECTION_PENDING)
		return;
	engine.now = engine_now();
	if (!may_retry(c, outcome)) {
		finish(c, (enum outcome)outcome);
		return;
	}
	connection_close(conn, false);
	engine.tally->reconnects[RECONNECT_RETRIED]++;
	c->retried = true;
	go_on(c);
}

/* Begin the new connections that are due. */
static void
begin_new(void)
{
	const struct options *o = engine.options;
	int burst;

	for (burst = 0; burst < BURST; burst++) {
		if (engine.interval == 0 || engine.next > engine.now ||
		    engine.next >= engine.end || engine.open >= engine.room)
			return;
		begin(client_new(KIND_NEW), engine.next);
		engine.next += engine.interval;
		if (++engine.begun == (unsigned long)o->count)
			engine.end = engine.next;
	}
}

static void
begin_rested(struct clients *resting)
{
	struct client *c, *next;

	TAILQ_FOREACH_SAFE (c, resting, entry, next) {
		if (engine.now >= engine.end) {
			TAILQ_REMOVE(resting, c, entry);
			client_free(c);
		} else if (c->deadline <= engine.now) {
			TAILQ_REMOVE(resting, c, entry);
			begin(c, c->deadline);
		} else {
			return;
		}
	}
}

/* Requests whose time is over, or whose Unix socket was full. */
static void
look_at_active(struct clients *active, bool blocked)
{
	struct client *c, *next;

	while ((c = TAILQ_FIRST(active)) != NULL && c->deadline <= engine.now) {
		snprintf(c->connection.detail, TALLY_DETAIL, "after %zu bytes",
		    c->connection.reply.bytes);
		finish(c, OUTCOME_TIMED_OUT);
	}
	if (!blocked)
		return;
	TAILQ_FOREACH_SAFE (c, active, entry, next) {
		if (c->connection.state == CONNECTION_BLOCKED)
			go_on(c);
	}
}

static void
on_time(void)
{
	enum kind kind;

	engine.now = engine_now();
	for (kind = 0; kind < NKINDS; kind++) {
		look_at_active(&engine.active[kind],
		    engine.options->to.sa.sa_family == AF_UNIX);
		begin_rested(&engine.resting[kind]);
	}
	begin_new();
}

/* When something is due without an event. */
static int64_t
next_due(void)
{
	bool full = engine.options->to.sa.sa_family == AF_UNIX;
	int64_t due = engine.now < engine.end ? engine.end : INT64_MAX;
	enum kind kind;
	struct client *c;

	for (kind = 0; kind < NKINDS; kind++) {
		if ((c = TAILQ_FIRST(&engine.active[kind])) != NULL)
			due =
			    MIN(due, full ? engine.now + UNIX_NS : c->deadline);
		if ((c = TAILQ_FIRST(&engine.resting[kind])) != NULL)
			due = MIN(due, c->deadline);
	}
	if (engine.interval == 0 || engine.next >= engine.end ||
	    engine.open >= engine.room)
		return due;
	if (engine.interval < TICK_MIN)
		return MIN(due, MAX(engine.next, engine.now + TICK_MIN));
	return MIN(due, engine.next);
}

static void
on_control(void)
{
	engine.now = engine_now();
	if (control_read(
		engine.control, engine.options, engine.tally, engine.now) == -1)
		engine.end = MIN(engine.end, engine.now);
}

static void
on_event(void *data)
{
	struct signalfd_siginfo info;

	if (data == &engine.tick) {
		/* Each turn looks at the time and sets the tick. */
	} else if (data == &engine.control) {
		on_control();
	} else if (data == &engine.signals) {
		if (read(engine.signals, &info, sizeof(info)) > 0)
			engine.end = MIN(engine.end, engine_now());
	} else {
		on_client(data);
	}
}

static void
watch(int fd, uint32_t events, void *data)
{
	struct epoll_event event = { .events = events, .data.ptr = data };

	if (fd == -1 ||
	    epoll_ctl(engine.epoll, EPOLL_CTL_ADD, fd, &event) == -1)
		err(1, "epoll_ctl");
}

static void
set_clock(const struct options *o)
{
	if (o->rate > 0)
		engine.interval = 1000000000 / o->rate;
	engine.next = engine.now + engine.interval;
	engine.end =
	    o->duration_ns > 0 ? engine.now + o->duration_ns : INT64_MAX;
	engine.tick = ticker_open();
	watch(engine.tick, EPOLLIN, &engine.tick);
}

static void
set_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	engine.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	watch(engine.signals, EPOLLIN, &engine.signals);
}

/* Spread them over time, so that a swap meets them in different states. */
static void
add_loops(enum kind kind, long n, int64_t over)
{
	struct client *c;
	long i;

	for (i = 0; i < n; i++) {
		c = client_new(kind);
		rest(c, over * i / n);
	}
}

static void
set_up(const struct options *o, struct tally *t)
{
	struct rlimit files;
	enum kind kind;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
		engine.room = MIN(files.rlim_max, 1 << 20) - SPARE_FDS;
	}
	engine.options = o;
	engine.tally = t;
	for (kind = 0; kind < NKINDS; kind++) {
		engine.lengths[kind] =
		    request_write(o, kind, engine.requests[kind]);
		TAILQ_INIT(&engine.active[kind]);
		TAILQ_INIT(&engine.resting[kind]);
	}
	if ((engine.epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	set_signals();
	engine.control = control_open(o->control);
	engine.now = engine_now();
	tally_begin(t, engine.now, o->phase, MAX(o->nsources, 1));
	if (engine.control != NULL)
		watch(control_fd(engine.control), EPOLLIN, &engine.control);
	set_clock(o);
	add_loops(KIND_KEPT, o->kept, o->pause_ns);
	add_loops(KIND_SLOW, o->slow, MIN(o->slow_ns, 1000000000));
}

void
engine_run(const struct options *o, struct tally *t)
{
	struct epoll_event events[EVENTS];
	int i, n;

	set_up(o, t);
	while (engine.open > 0 || engine.now < engine.end) {
		ticker_set(engine.tick, next_due(), engine.now);
		n = epoll_wait(engine.epoll, events, EVENTS, -1);
		if (n == -1 && errno != EINTR)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++)
			on_event(events[i].data.ptr);
		on_time();
	}
	tally_close(t, MIN(engine.now, engine.end));
	control_close(engine.control);
	close(engine.tick);
	close(engine.signals);
	close(engine.epoll);
}
