/* SPDX-License-Identifier: ISC */
/*
 * Calls that arrive from the preload library, shim/announce.h: each on a
 * connection of its own, on which the program waits.  A peer is not trusted: a
 * bad request ends its connection, and the library then does what the C library
 * does.
 */
#include "process/intercept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "announce.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/impatience.h"
#include "base/paths.h"
#include "base/proc.h"
#include "process/caller.h"
#include "process/intercept_backend.h"

#define BURST	     16	    /* connections accepted in one turn of the loop */
#define VISITORS_MAX 64	    /* at most; the longest idle one makes room */
#define CALLS_MAX    256    /* under way; others wait to be accepted */
#define RETRY_MS     100    /* until a descriptor may be free again */
#define SAVED_USEC   500000 /* a server may bind hundreds of sockets */

_Static_assert((int)ANNOUNCE_BIND == (int)INTERCEPT_BIND &&
	(int)ANNOUNCE_LISTEN == (int)INTERCEPT_LISTEN &&
	(int)ANNOUNCE_UNLINK == (int)INTERCEPT_UNLINK &&
	(int)ANNOUNCE_OPTION == (int)INTERCEPT_OPTION &&
	(int)ANNOUNCE_CONNECT == (int)INTERCEPT_CONNECT,
    "kinds are the same on both sides");

/* A request as it arrives. */
struct message {
	struct announce_request request;
	char data[ANNOUNCE_DATA_MAX];
};

/* A connection whose request has not come yet. */
struct visitor {
	struct intercept *intercept;
	struct event *event;
	int sock;
	pid_t pid;
	unsigned long long start; /* when that process started */
	TAILQ_ENTRY(visitor) entry;
};

/* The visitors, the longest idle first. */
struct lobby {
	TAILQ_HEAD(, visitor) visitors;
	unsigned int n;
};

static void
visitor_free(struct visitor *visitor)
{
	struct lobby *lobby = visitor->intercept->state;

	TAILQ_REMOVE(&lobby->visitors, visitor, entry);
	lobby->n--;
	if (visitor->event != NULL)
		event_free(visitor->event);
	/* This drops what it has sent and we have not read. */
	foreign_close(&visitor->sock);
	free(visitor);
}

static void
free_visitors(struct intercept *intercept)
{
	struct lobby *lobby = intercept->state;
	struct visitor *visitor;

	if (lobby == NULL)
		return;
	while ((visitor = TAILQ_FIRST(&lobby->visitors)) != NULL)
		visitor_free(visitor);
	free(lobby);
	/* Connections in its queue may have sent files. */
	foreign_close(&intercept->fd);
}

static bool
has_no_visitors(const struct intercept *intercept)
{
	return ((const struct lobby *)intercept->state)->n == 0;
}

/* The library waits for replies, so there is room: EAGAIN is a fault. */
static int
reply(struct intercept_pending *pending, enum announce_verdict verdict,
    int error, const int *fd)
{
	const struct announce_reply message = { .verdict = verdict,
		.error = error };

	if (fd_send(pending->sock, &message, sizeof(message), fd, fd != NULL) ==
	    sizeof(message))
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		errno = ENOENT;
	return -1;
}

static int
pass_call(struct intercept_pending *pending)
{
	return reply(pending, ANNOUNCE_PASS, 0, NULL);
}

static int
finish_call(struct intercept_pending *pending, int error)
{
	return reply(pending, ANNOUNCE_DONE, error, NULL);
}

static int
replace_socket(struct intercept_pending *pending, int fd)
{
	return reply(pending, ANNOUNCE_REPLACE, 0, &fd);
}

static void
hold_call(struct intercept_pending *pending)
{
	reply(pending, ANNOUNCE_HOLD, 0, NULL);
}

static int
find_caller(const struct intercept_pending *pending, struct credentials *who)
{
	return caller_of_socket(pending->sock, pending->tid, who);
}

/* Another process may have the PID by now. */
static bool
still_lives(const struct intercept_pending *pending)
{
	unsigned long long start;

	return proc_start_time(pending->tid, &start) == 0 &&
	    start == pending->start;
}

static const struct intercept_backend backend = {
	.saved_usec = SAVED_USEC,
	.caller = find_caller,
	.valid = still_lives,
	.pass = pass_call,
	.done = finish_call,
	.replace = replace_socket,
	.hold = hold_call,
	.idle = has_no_visitors,
	.fini = free_visitors,
};

/* Take the request's data and its socket.  -1 if one of them is missing. */
static int
take_data(struct intercept_pending *pending, const struct message *message,
    size_t len, int *fd)
{
	struct intercept_call *call = &pending->call;
	char path[ANNOUNCE_DATA_MAX + 1];

	if ((call->kind == INTERCEPT_UNLINK) != (*fd == -1) ||
	    (*fd != -1 && !foreign_is_socket(*fd)))
		return -1;
	if (call->kind == INTERCEPT_UNLINK) {
		memcpy(path, message->data, len);
		path[len] = '\0';
		pending->path = strdup(path);
		return pending->path == NULL ? -1 : 0;
	}
	if (len > sizeof(pending->storage))
		return -1;
	memcpy(&pending->storage, message->data, len);
	call->len = len;
	call->fd = *fd;
	*fd = -1;
	return 0;
}

/* Make a call of the request.  *Steals* fd. */
static void
take_request(
    struct visitor *visitor, const struct message *message, size_t len, int fd)
{
	struct announce_reply pass = { ANNOUNCE_PASS, 0 };
	const struct announce_request *request = &message->request;
	uint32_t kind = request->kind & ~(uint32_t)ANNOUNCE_AGAIN;
	struct intercept_pending *pending;

	if (intercept_passes(visitor->intercept, kind))
		pass.error = ANNOUNCE_NO_MORE;
	if (len < sizeof(*request) || request->version != ANNOUNCE_VERSION ||
	    kind > ANNOUNCE_CONNECT || pass.error != 0 ||
	    (pending = intercept_pending_new(visitor->intercept, kind)) ==
		NULL) {
		fd_send(visitor->sock, &pass, sizeof(pass), NULL, 0);
		goto out;
	}
	pending->call.again = (request->kind & ANNOUNCE_AGAIN) != 0;
	pending->call.pid = pending->tid = visitor->pid;
	pending->start = visitor->start;
	if (kind == INTERCEPT_OPTION)
		pending->call.option = request->argument;
	else
		pending->call.backlog = request->argument;
	pending->number = request->number;
	pending->sock = visitor->sock;
	visitor->sock = -1;
	if (take_data(pending, message, len - sizeof(*request), &fd) == 0) {
		intercept_ask(pending);
	} else {
		pass_call(pending);
		intercept_pending_free(pending);
	}
out:
	foreign_close(&fd);
}

/* False if the request has not come yet. */
static bool
read_request(struct visitor *visitor)
{
	struct message message;
	int fds[FD_PASS_MAX];
	size_t n = FD_PASS_MAX;
	ssize_t len;

	impatience_begin(); /* the kernel drops what finds no number */
	len =
	    fd_receive(visitor->sock, &message, sizeof(message), fds, &n, NULL);
	impatience_end();
	if (len == -1 && errno == EAGAIN)
		return false;
	while (n > 1)
		foreign_close(&fds[--n]);
	if (len > 0)
		take_request(visitor, &message, len, n == 1 ? fds[0] : -1);
	else if (n == 1)
		foreign_close(&fds[0]);
	return true;
}

static void
on_request(evutil_socket_t sock, short what, void *arg)
{
	struct visitor *visitor = arg;
	struct intercept *intercept = visitor->intercept;

	intercept_enter(intercept);
	if ((what & EV_TIMEOUT) == 0)
		read_request(visitor);
	visitor_free(visitor);
	intercept_leave(intercept, 0);
}

/* As a rule the request is here already: then the visitor is never idle. */
static void
welcome(struct visitor *visitor)
{
	const struct timeval limit = { .tv_sec = ANNOUNCE_LIMIT_SEC };
	struct lobby *lobby = visitor->intercept->state;

	if (read_request(visitor)) {
		visitor_free(visitor);
		return;
	}
	visitor->event = event_new(visitor->intercept->base, visitor->sock,
	    EV_READ, on_request, visitor);
	if (visitor->event == NULL || event_add(visitor->event, &limit) == -1)
		visitor_free(visitor);
	else if (lobby->n > VISITORS_MAX)
		visitor_free(TAILQ_FIRST(&lobby->visitors));
}

/* *Steals* sock. */
static void
visitor_new(struct intercept *intercept, int sock)
{
	struct lobby *lobby = intercept->state;
	struct visitor *visitor;
	socklen_t len = sizeof(struct ucred);
	struct ucred peer = { 0 };

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1 ||
	    (visitor = calloc(1, sizeof(*visitor))) == NULL) {
		foreign_close(&sock);
		return;
	}
	visitor->intercept = intercept;
	visitor->sock = sock;
	visitor->pid = peer.pid;
	proc_start_time(peer.pid, &visitor->start);
	TAILQ_INSERT_TAIL(&lobby->visitors, visitor, entry);
	lobby->n++;
	welcome(visitor);
}

/* Each call that is held has two descriptors. */
static bool
is_crowded(const struct intercept *intercept)
{
	const struct intercept_pending *pending;
	unsigned int n = 0;

	TAILQ_FOREACH (pending, &intercept->calls, entry)
		n++;
	return n >= CALLS_MAX;
}

/* A connection in the queue would wake us all the time: an idle one ends. */
static unsigned int
make_room(struct lobby *lobby)
{
	if (lobby->n > 0)
		visitor_free(TAILQ_FIRST(&lobby->visitors));
	return RETRY_MS;
}

/* True if there may be more.  *wait: how long not to accept. */
static bool
accept_one(struct intercept *intercept, int listening, unsigned int *wait)
{
	struct lobby *lobby = intercept->state;
	int sock;

	if (is_crowded(intercept)) {
		*wait = make_room(lobby);
		return false;
	}
	sock = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock == -1) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			*wait = make_room(lobby);
		return false;
	}
	if (fd_is_scarce(sock))
		*wait = make_room(lobby);
	visitor_new(intercept, sock);
	return *wait == 0;
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct intercept *intercept = arg;
	unsigned int n = 0, wait = 0;

	intercept_enter(intercept);
	while (n++ < BURST && intercept_may_go_on(intercept) &&
	    accept_one(intercept, fd, &wait))
		continue;
	intercept_leave(intercept, wait);
}

int
intercept_preload_listen(const char *path, uid_t uid, gid_t gid)
{
	mode_t mask;
	int fd, r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	unlink(path);
	mask = umask(0177);
	r = paths_bind(fd, path);
	umask(mask);
	if (r == 0 && chown(path, uid, gid) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	fd_close(&fd);
	return -1;
}

struct intercept *
intercept_preload_new(struct event_base *base, int fd,
    const struct intercept_handler *handler, void *arg)
{
	struct lobby *lobby;
	struct intercept *intercept;

	intercept =
	    intercept_new(base, fd, &backend, on_connection, handler, arg);
	if (intercept == NULL)
		return NULL;
	if ((lobby = calloc(1, sizeof(*lobby))) == NULL) {
		intercept_free(intercept);
		return NULL;
	}
	TAILQ_INIT(&lobby->visitors);
	intercept->state = lobby;
	return intercept;
}
