/* SPDX-License-Identifier: ISC */
/*
 * The sockets that are looked at next, the oldest first.
 */
#include "generation/sessions.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/proc.h"
#include "core/service.h"
#include "generation/roster.h"
#include "traffic/inet.h"

#define LOOK_MS 200 /* from bind(2) to the look, and to each further one */
#define LOOKS	25  /* at a program that never waits */

struct session {
	STAILQ_ENTRY(session) entry;
	struct listener *listener;
	int fd; /* of the listener */
	pid_t pid;
	int64_t due_ms;
	unsigned int looks; /* that are left */
};

struct sessions {
	struct generation *generation;
	sessions_drop *drop;
	struct holdings *holdings;
	struct event *timer; /* pending: the first one is not due yet */
	STAILQ_HEAD(, session) list;
};

static void look(evutil_socket_t, short, void *);

struct sessions *
sessions_new(struct generation *generation, sessions_drop *drop,
    struct holdings *holdings)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));

	if (sessions == NULL)
		return NULL;
	STAILQ_INIT(&sessions->list);
	sessions->generation = generation;
	sessions->drop = drop;
	sessions->holdings = holdings;
	sessions->timer =
	    evtimer_new(generation->service->base, look, sessions);
	if (sessions->timer != NULL)
		return sessions;
	sessions_free(sessions);
	errno = ENOMEM;
	return NULL;
}

static struct session *
take_first(struct sessions *sessions)
{
	struct session *session = STAILQ_FIRST(&sessions->list);

	if (session != NULL)
		STAILQ_REMOVE_HEAD(&sessions->list, entry);
	return session;
}

static void
put_last(struct sessions *sessions, struct session *session)
{
	session->due_ms = clock_ms() + LOOK_MS;
	STAILQ_INSERT_TAIL(&sessions->list, session, entry);
}

void
sessions_free(struct sessions *sessions)
{
	struct session *session;

	if (sessions == NULL)
		return;
	while ((session = take_first(sessions)) != NULL)
		free(session);
	if (sessions->timer != NULL)
		event_free(sessions->timer);
	free(sessions);
}

void
sessions_reset(struct sessions *sessions)
{
	struct session *session;

	evtimer_del(sessions->timer);
	while ((session = take_first(sessions)) != NULL) {
		listener_rest(session->listener, session->fd, false);
		free(session);
	}
}

/* Another part may have closed it, and the listener with it. */
static bool
is_there(const struct sessions *sessions, const struct session *session)
{
	const struct service *service = sessions->generation->service;
	const int *fds;
	size_t i, j, n;

	for (i = 0; i < service->nlisteners; i++) {
		if (service->listeners[i] != session->listener)
			continue;
		fds = listener_sockets(
		    session->listener, sessions->generation->number, &n);
		for (j = 0; j < n; j++)
			if (fds[j] == session->fd)
				return true;
	}
	return false;
}

/*
 * Has its program perhaps not come to its connect(2) yet?  It runs, or would if
 * there were a processor for it, proc_pid_stat(5).  Of a program with threads
 * only the first one is looked at: there may be thousands.
 */
static bool
may_connect_yet(struct session *session)
{
	char state;

	if (--session->looks == 0 || inet_is_connected(session->fd))
		return false;
	state = proc_state(session->pid);
	return state != 0 && strchr("RDTt", state) != NULL;
}

/*
 * Classic programs go by the order of all sockets of the group, so there a
 * connected one stays known, and rests until its program closes it.
 */
static void
settle(struct sessions *sessions, struct session *session)
{
	if (!inet_is_connected(session->fd))
		listener_rest(session->listener, session->fd, false);
	else if (listener_kind(session->listener) == KIND_EBPF)
		sessions->drop(
		    sessions->holdings, session->listener, session->fd);
	free(session);
}

static void
plan_look(struct sessions *sessions)
{
	const struct session *first = STAILQ_FIRST(&sessions->list);
	struct timeval delay;

	if (first == NULL)
		return;
	delay = clock_interval(first->due_ms - clock_ms());
	evtimer_add(sessions->timer, &delay);
}

static void
look(evutil_socket_t fd, short what, void *arg)
{
	struct sessions *sessions = arg;
	struct session *session;
	int64_t now = clock_ms();

	while ((session = STAILQ_FIRST(&sessions->list)) != NULL &&
	    session->due_ms <= now) {
		take_first(sessions);
		if (!is_there(sessions, session))
			free(session);
		else if (may_connect_yet(session))
			put_last(sessions, session);
		else
			settle(sessions, session);
	}
	plan_look(sessions);
}

void
sessions_add(
    struct sessions *sessions, struct listener *listener, int fd, pid_t pid)
{
	const struct address *address = listener_address(listener);
	struct session *session;

	if (address->type != SOCK_DGRAM ||
	    address_kind(address) != ADDRESS_INET ||
	    (session = calloc(1, sizeof(*session))) == NULL)
		return;
	session->listener = listener;
	session->fd = fd;
	session->pid = pid;
	session->looks = LOOKS;
	put_last(sessions, session);
	listener_rest(listener, fd, true);
	if (STAILQ_FIRST(&sessions->list) == session)
		plan_look(sessions);
}
