/* SPDX-License-Identifier: ISC */
/*
 * The calls of a wrapped program that are under way: each is given to the owner
 * and gets one answer.  How calls arrive is not known here.
 */
#include "process/intercept.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/sockopt.h"
#include "process/caller.h"
#include "process/intercept_backend.h"
#include "process/intercept_describe.h"
#include "process/polled.h"

#define TURN_USEC 10000 /* for calls, before others have their turn */

static void
resume(evutil_socket_t fd, short what, void *arg)
{
	struct intercept *intercept = arg;

	if (!intercept->gone)
		event_add(intercept->event, NULL);
}

struct intercept *
intercept_new(struct event_base *base, int fd,
    const struct intercept_backend *backend, event_callback_fn readable,
    const struct intercept_handler *handler, void *arg)
{
	struct intercept *intercept;

	if ((intercept = calloc(1, sizeof(*intercept))) == NULL) {
		fd_close(&fd);
		return NULL;
	}
	TAILQ_INIT(&intercept->calls);
	intercept->backend = backend;
	intercept->handler = handler;
	intercept->arg = arg;
	intercept->base = base;
	intercept->fd = fd;
	intercept->event =
	    event_new(base, fd, EV_READ | EV_PERSIST, readable, intercept);
	intercept->resume = evtimer_new(base, resume, intercept);
	intercept->share.saved_usec = backend->saved_usec;
	intercept->share.used_usec = -backend->given_usec;
	if (intercept->event != NULL && intercept->resume != NULL &&
	    event_add(intercept->event, NULL) == 0)
		return intercept;
	intercept_free(intercept);
	errno = ENOMEM;
	return NULL;
}

void
intercept_free(struct intercept *intercept)
{
	struct intercept_pending *pending, *next;

	if (intercept == NULL)
		return;
	TAILQ_FOREACH_SAFE (pending, &intercept->calls, entry, next)
		intercept_pass(&pending->call);
	intercept->dying = true;
	if (intercept->busy)
		return;
	if (intercept->event != NULL)
		event_free(intercept->event);
	if (intercept->resume != NULL)
		event_free(intercept->resume);
	if (intercept->backend->fini != NULL)
		intercept->backend->fini(intercept);
	fd_close(&intercept->fd);
	free(intercept);
}

bool
intercept_is_idle(const struct intercept *intercept)
{
	return TAILQ_EMPTY(&intercept->calls) &&
	    (intercept->backend->idle == NULL ||
		intercept->backend->idle(intercept));
}

int
intercept_fd(const struct intercept *intercept)
{
	return intercept->fd;
}

void
intercept_enter(struct intercept *intercept)
{
	intercept->busy = true;
	intercept->busy_usec = share_wall_usec();
}

bool
intercept_may_go_on(const struct intercept *intercept)
{
	return !intercept->dying &&
	    share_wall_usec() - intercept->busy_usec < TURN_USEC;
}

void
intercept_leave(struct intercept *intercept, unsigned int wait_ms)
{
	struct timeval delay;
	unsigned int rest;

	intercept->busy = false;
	if (intercept->dying) {
		intercept_free(intercept);
		return;
	}
	rest = share_use(
	    &intercept->share, share_wall_usec() - intercept->busy_usec);
	delay = clock_interval(rest > wait_ms ? rest : wait_ms);
	if ((rest > 0 || wait_ms > 0) &&
	    evtimer_add(intercept->resume, &delay) == 0)
		event_del(intercept->event);
}

bool
intercept_passes(const struct intercept *intercept, enum intercept_kind kind)
{
	const struct intercept_handler *handler = intercept->handler;

	return kind == INTERCEPT_CONNECT && handler->passes != NULL &&
	    handler->passes(intercept->arg);
}

struct intercept_pending *
intercept_pending_new(struct intercept *intercept, enum intercept_kind kind)
{
	struct intercept_pending *pending;

	if ((pending = calloc(1, sizeof(*pending))) == NULL)
		return NULL;
	pending->intercept = intercept;
	pending->call.kind = kind;
	pending->call.fd = -1;
	pending->call.address = (struct sockaddr *)&pending->storage;
	pending->sock = -1;
	return pending;
}

void
intercept_pending_free(struct intercept_pending *pending)
{
	/* The call is answered, so no successor must answer it. */
	if (pending->slot != NULL)
		pending->slot->id = 0;
	/* The program may have closed its own descriptor meanwhile. */
	if (pending->call.kept)
		fd_close(&pending->call.fd);
	else
		foreign_close(&pending->call.fd);
	foreign_close(&pending->sock);
	free(pending->path);
	free(pending);
}

/* Keep an answer whose caller was interrupted by a signal. */
static void
remember_lost(const struct intercept_pending *pending, int error)
{
	struct intercept *intercept = pending->intercept;
	unsigned int i = intercept->nlost++ % INTERCEPT_LOST;

	intercept->lost[i].kind = pending->call.kind;
	intercept->lost[i].option = pending->call.option;
	intercept->lost[i].pid = pending->call.pid;
	intercept->lost[i].cookie = pending->call.cookie;
	intercept->lost[i].error = error;
}

/* The answer that was kept for this caller; -1 if there is none. */
static int
recall_lost(const struct intercept_pending *pending)
{
	struct intercept *intercept = pending->intercept;
	unsigned int i;

	for (i = 0; i < INTERCEPT_LOST; i++) {
		if (intercept->lost[i].cookie == 0 ||
		    intercept->lost[i].cookie != pending->call.cookie ||
		    intercept->lost[i].kind != pending->call.kind ||
		    intercept->lost[i].option != pending->call.option ||
		    intercept->lost[i].pid != pending->call.pid)
			continue;
		intercept->lost[i].cookie = 0;
		return intercept->lost[i].error;
	}
	return -1;
}

/*
 * A thread makes one call at a time.  If one of its calls waits already, a
 * signal has started the call again, and the new one gets the answer.
 */
static bool
is_restart(struct intercept_pending *fresh)
{
	struct intercept_pending *pending;
	union call_log_slot *slot;

	if (!fresh->intercept->backend->restarts)
		return false;
	TAILQ_FOREACH (pending, &fresh->intercept->calls, entry) {
		if (pending->tid != fresh->tid ||
		    pending->call.kind != fresh->call.kind ||
		    pending->call.option != fresh->call.option ||
		    pending->call.cookie != fresh->call.cookie)
			continue;
		pending->id = fresh->id;
		slot = pending->slot;
		pending->slot = fresh->slot;
		fresh->slot = slot;
		return true;
	}
	return false;
}

/* The call may be freed by now, so it is looked up by its number. */
static void
hold_if_waiting(struct intercept *intercept, unsigned int serial)
{
	struct intercept_pending *pending;

	TAILQ_FOREACH (pending, &intercept->calls, entry) {
		if (pending->serial == serial &&
		    intercept->backend->hold != NULL)
			intercept->backend->hold(pending);
	}
}

void
intercept_ask(struct intercept_pending *pending)
{
	struct intercept *intercept = pending->intercept;
	bool worth = intercept_describe(pending);
	unsigned int serial = ++intercept->serial;
	int error;

	assert(intercept->busy);
	pending->serial = serial;
	if (worth && is_restart(pending)) {
		intercept_pending_free(pending);
		return;
	}
	TAILQ_INSERT_TAIL(&intercept->calls, pending, entry);
	if (!worth)
		intercept_pass(&pending->call);
	else if ((error = recall_lost(pending)) != -1)
		intercept_done(&pending->call, error);
	else
		intercept->handler->call(&pending->call, intercept->arg);
	hold_if_waiting(intercept, serial);
}

int
intercept_caller(const struct intercept_call *call, struct credentials *who)
{
	const struct intercept_pending *pending =
	    (const struct intercept_pending *)call;

	return pending->intercept->backend->caller(pending, who);
}

/* The path is the caller's only if the caller still waits afterwards. */
int
intercept_locate(const struct intercept_call *call, struct caller_path *path)
{
	const struct intercept_pending *pending =
	    (const struct intercept_pending *)call;
	const struct intercept_backend *backend = pending->intercept->backend;
	struct credentials who;
	int r;

	if (backend->caller(pending, &who) == -1)
		return -1;
	r = caller_path_init(path, pending->tid,
	    call->kind == INTERCEPT_UNLINK ? pending->number : AT_FDCWD,
	    call->path, &who);
	credentials_fini(&who);
	if (r == -1 || backend->valid == NULL || backend->valid(pending))
		return r;
	caller_path_fini(path);
	errno = ESRCH;
	return -1;
}

static int
finish(struct intercept_pending *pending, int result)
{
	int saved = errno;

	TAILQ_REMOVE(&pending->intercept->calls, pending, entry);
	intercept_pending_free(pending);
	errno = saved;
	return result;
}

int
intercept_pass(struct intercept_call *call)
{
	struct intercept_pending *pending = (struct intercept_pending *)call;

	return finish(pending, pending->intercept->backend->pass(pending));
}

int
intercept_done(struct intercept_call *call, int error)
{
	struct intercept_pending *pending = (struct intercept_pending *)call;
	int r;

	r = pending->intercept->backend->done(pending, error);
	if (r == -1 && errno == ENOENT)
		remember_lost(pending, error);
	return finish(pending, r);
}

/* O_NONBLOCK is of the open file, so it must be set on the substitute. */
static int
copy_status_flags(int from, int to)
{
	int want, have;

	if ((want = fcntl(from, F_GETFL)) == -1 ||
	    (have = fcntl(to, F_GETFL)) == -1)
		return -1;
	return fcntl(to, F_SETFL, (have & ~O_NONBLOCK) | (want & O_NONBLOCK));
}

/*
 * The program may wait for its own socket by epoll(7) already.  One that has
 * made an instance that does not answer loses what this is for, and no more of
 * our time.
 */
static void
follow(struct intercept_pending *pending, int fd)
{
	struct intercept *intercept = pending->intercept;

	if (!intercept->hangs &&
	    polled_follow(pending->call.pid, pending->call.fd, fd) == -1 &&
	    errno == ETIMEDOUT)
		intercept->hangs = true;
}

int
intercept_replace(struct intercept_call *call, int fd)
{
	struct intercept_pending *pending = (struct intercept_pending *)call;

	if (copy_status_flags(call->fd, fd) == -1)
		return intercept_done(call, errno);
	if (pending->intercept->backend->replace(pending, fd) == -1) {
		if (errno == ENOENT)
			return finish(pending, -1);
		return intercept_done(call, errno);
	}
	follow(pending, fd);
	call->cookie = sockopt_cookie(fd);
	foreign_close(&call->fd);
	return intercept_done(call, 0);
}

int
intercept_exchange(struct intercept_call *call, int fd)
{
	struct intercept_pending *pending = (struct intercept_pending *)call;

	if (copy_status_flags(call->fd, fd) == -1 ||
	    pending->intercept->backend->replace(pending, fd) == -1) {
		fd_close(&fd);
		return -1;
	}
	follow(pending, fd);
	foreign_close(&call->fd);
	call->fd = fd;
	call->kept = false;
	call->protocol = sockopt_get(fd, SOL_SOCKET, SO_PROTOCOL);
	call->cookie = sockopt_cookie(fd);
	return 0;
}
