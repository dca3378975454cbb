/* SPDX-License-Identifier: ISC */
/*
 * Which of a generation's sockets its program uses.  Nobody tells us that a
 * process closes a socket.  So it is checked when it matters: when a process
 * that bound a socket ends, a moment after others were bound, when clients wait
 * in a queue, and when a process wants to bind the address again.
 */
#include "generation/holding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/queue.h>

#include "base/fd.h"
#include "core/service.h"
#include "generation/roster.h"
#include "generation/sessions.h"
#include "generation/stock.h"
#include "traffic/drain.h"
#include "traffic/inet.h"
#include "traffic/queue.h"

#define LOOK_MS		1000  /* from a bind(2) to the next check */
#define WAIT_MS		200   /* clients wait: which queues are not empty? */
#define WAIT_LONGEST_MS 30000 /* the longest, if a server is just slow */
#define REST_MS		2000  /* for a new worker to bind a dead one's socket */

struct holding {
	LIST_ENTRY(holding) entry;
	struct holdings *holdings;
	struct listener *listener;
	int fd;		     /* of the listener */
	pid_t pid;	     /* of the process that bound it; 0: not watched */
	int pidfd;	     /* of that process; -1: another holding has it */
	struct event *watch; /* on pidfd */
	struct event *knock; /* on fd: clients wait; not seen at once */
	int64_t unused_ms;   /* since when nobody uses it; 0: it is used */
};

struct holdings {
	struct generation *generation;
	bool known; /* the list is complete: we have started the program */
	struct event *timer;
	struct event *patience; /* from the first knock to a check of queues */
	unsigned int wait_ms;
	struct sessions *sessions;
	LIST_HEAD(, holding) list;
};

static void holding_look(evutil_socket_t, short, void *);
static void process_ended(evutil_socket_t, short, void *);
static void unwatch(struct holding *);
static void patience_ends(evutil_socket_t, short, void *);

struct holdings *
holdings_new(struct generation *generation)
{
	struct holdings *holdings = calloc(1, sizeof(*holdings));

	if (holdings == NULL)
		return NULL;
	LIST_INIT(&holdings->list);
	holdings->generation = generation;
	holdings->wait_ms = WAIT_MS;
	holdings->timer =
	    evtimer_new(generation->service->base, holding_look, holdings);
	holdings->patience =
	    evtimer_new(generation->service->base, patience_ends, holdings);
	holdings->sessions = sessions_new(generation, holdings_drop, holdings);
	if (holdings->timer != NULL && holdings->patience != NULL &&
	    holdings->sessions != NULL)
		return holdings;
	holdings_free(holdings);
	errno = ENOMEM;
	return NULL;
}

static struct holding *
find_bound_by(const struct holdings *holdings, pid_t pid)
{
	struct holding *holding;

	LIST_FOREACH (holding, &holdings->list, entry) {
		if (holding->pid == pid)
			return holding;
	}
	return NULL;
}

/* *Steals* pidfd.  If it cannot be watched, a later check finds the end. */
static void
watch_by(struct holding *holding, int pidfd)
{
	holding->pidfd = pidfd;
	holding->watch = event_new(holding->holdings->generation->service->base,
	    pidfd, EV_READ, process_ended, holding);
	if (holding->watch == NULL || event_add(holding->watch, NULL) == -1)
		unwatch(holding);
}

/* Other holdings of the same process are watched further. */
static void
unwatch(struct holding *holding)
{
	int pidfd = holding->pidfd;
	pid_t pid = holding->pid;
	struct holding *heir;

	if (holding->watch != NULL)
		event_free(holding->watch);
	holding->watch = NULL;
	holding->pidfd = -1;
	holding->pid = 0;
	if (pidfd == -1)
		return;
	heir = find_bound_by(holding->holdings, pid);
	if (heir != NULL)
		watch_by(heir, pidfd);
	else
		fd_close(&pidfd);
}

static void
forget(struct holding *holding)
{
	unwatch(holding);
	if (holding->knock != NULL)
		event_free(holding->knock);
	LIST_REMOVE(holding, entry);
	free(holding);
}

void
holdings_reset(struct holdings *holdings)
{
	struct holding *holding;

	if (holdings->timer != NULL)
		evtimer_del(holdings->timer);
	holdings->known = true;
	sessions_reset(holdings->sessions);
	while ((holding = LIST_FIRST(&holdings->list)) != NULL) {
		if (holding->unused_ms != 0)
			listener_rest(holding->listener, holding->fd, false);
		forget(holding);
	}
}

void
holdings_free(struct holdings *holdings)
{
	struct holding *holding;

	if (holdings == NULL)
		return;
	/* The listeners of sockets that were closed may be freed by now. */
	while ((holding = LIST_FIRST(&holdings->list)) != NULL)
		forget(holding);
	sessions_free(holdings->sessions);
	if (holdings->timer != NULL)
		event_free(holdings->timer);
	if (holdings->patience != NULL)
		event_free(holdings->patience);
	free(holdings);
}

static void
holding_schedule(struct holdings *holdings, unsigned int ms)
{
	struct timeval delay = clock_interval(ms);

	evtimer_add(holdings->timer, &delay);
}

/* Does the program use another socket at this listener? */
static bool
has_another(const struct holding *holding)
{
	const struct holding *other;

	LIST_FOREACH (other, &holding->holdings->list, entry) {
		if (other->listener == holding->listener && other != holding &&
		    other->unused_ms == 0)
			return true;
	}
	return false;
}

static void
close_unused(struct holding *holding)
{
	struct generation *generation = holding->holdings->generation;
	struct listener *listener = holding->listener;
	int fd = holding->fd;

	forget(holding);
	listener_drop(listener, generation->number, fd);
	roster_tidy(generation->service);
	generation->service->generation_events->closed(generation);
}

/* Nobody has the socket any more: since when, and what follows? */
static void
found_unused(struct holding *holding)
{
	int64_t now = clock_ms();

	if (holding->unused_ms == 0) {
		holding->unused_ms = now;
		unwatch(holding);
		if (holding->knock != NULL)
			event_del(holding->knock);
		if (has_another(holding))
			listener_rest(holding->listener, holding->fd, true);
	}
	if (now - holding->unused_ms >= REST_MS)
		close_unused(holding);
	else
		holding_schedule(holding->holdings,
		    REST_MS - (unsigned int)(now - holding->unused_ms));
}

/* While the program is being started again no process has any: all are kept. */
static void
look_who_has(struct holdings *holdings)
{
	struct program *program = holdings->generation->program;
	struct holding *holding, *next;
	struct drain_set *set;

	if (program_main(program) == 0 ||
	    (set = stock_take(holdings->generation)) == NULL)
		return;
	LIST_FOREACH_SAFE(holding, &holdings->list, entry, next)
	{
		if (!drain_set_has(set, holding->fd))
			found_unused(holding);
	}
	drain_set_free(set);
}

static void
holding_look(evutil_socket_t fd, short what, void *arg)
{
	look_who_has(arg);
}

/* A process that bound a socket has ended; others may have inherited it. */
static void
process_ended(evutil_socket_t fd, short what, void *arg)
{
	struct holding *holding = arg, *other;
	struct holdings *holdings = holding->holdings;
	pid_t pid = holding->pid;

	LIST_FOREACH (other, &holdings->list, entry) {
		if (other != holding && other->pid == pid)
			other->pid = 0;
	}
	unwatch(holding);
	holding_schedule(holdings, 0);
}

/* Clients wait; their server may be about to accept them. */
static void
knocked(evutil_socket_t fd, short what, void *arg)
{
	struct holdings *holdings = ((struct holding *)arg)->holdings;
	struct timeval delay = clock_interval(holdings->wait_ms);

	if (!evtimer_pending(holdings->patience, NULL))
		evtimer_add(holdings->patience, &delay);
}

static void
patience_ends(evutil_socket_t fd, short what, void *arg)
{
	struct holdings *holdings = arg;
	struct holding *holding;
	bool waiting = false;

	LIST_FOREACH (holding, &holdings->list, entry) {
		if (holding->unused_ms != 0 || holding->knock == NULL ||
		    event_pending(holding->knock, EV_READ, NULL))
			continue;
		waiting |= queue_length(holding->fd) > 0;
		event_add(holding->knock, NULL);
	}
	if (!waiting) {
		holdings->wait_ms = WAIT_MS;
		return;
	}
	if (holdings->wait_ms < WAIT_LONGEST_MS)
		holdings->wait_ms *= 2;
	look_who_has(holdings);
}

static struct holding *
find(const struct holdings *holdings, int fd)
{
	struct holding *holding;

	LIST_FOREACH (holding, &holdings->list, entry) {
		if (holding->fd == fd)
			return holding;
	}
	return NULL;
}

void
holdings_drop(struct holdings *holdings, struct listener *listener, int fd)
{
	struct holding *holding = find(holdings, fd);

	if (holding != NULL)
		forget(holding);
	listener_drop(listener, holdings->generation->number, fd);
}

/* One pidfd serves all holdings of a process. */
static void
watch(struct holding *holding, pid_t pid)
{
	bool watched = find_bound_by(holding->holdings, pid) != NULL;
	int pidfd = watched ? -1 : pidfd_open(pid, 0);

	if (!watched && pidfd == -1)
		return;
	holding->pid = pid;
	if (!watched)
		watch_by(holding, pidfd);
}

void
holdings_use(
    struct holdings *holdings, struct listener *listener, int fd, pid_t pid)
{
	struct holding *holding = find(holdings, fd);

	if (holding == NULL) {
		if ((holding = calloc(1, sizeof(*holding))) == NULL)
			return;
		holding->holdings = holdings;
		holding->listener = listener;
		holding->fd = fd;
		holding->pidfd = -1;
		LIST_INSERT_HEAD(&holdings->list, holding, entry);
	}
	if (holding->unused_ms != 0)
		listener_rest(listener, fd, false);
	holding->unused_ms = 0;
	if (has_another(holding))
		sessions_add(holdings->sessions, listener, fd, pid);
	unwatch(holding);
	watch(holding, pid);
	if (holding->knock == NULL)
		holding->knock = event_new(holdings->generation->service->base,
		    fd, EV_READ, knocked, holding);
	if (holding->knock != NULL)
		event_add(holding->knock, NULL);
	holding_schedule(holdings, LOOK_MS);
}

/* A predecessor has started the program: find out what it has open. */
static void
learn(struct holdings *holdings)
{
	const struct generation *generation = holdings->generation;
	const struct service *service = generation->service;
	pid_t pid = program_main(generation->program);
	const int *fds;
	size_t i, j, n;

	for (i = 0; i < service->nlisteners; i++) {
		fds = listener_sockets(
		    service->listeners[i], generation->number, &n);
		for (j = 0; j < n; j++)
			if (find(holdings, fds[j]) == NULL)
				holdings_use(holdings, service->listeners[i],
				    fds[j], pid);
	}
	holdings->known = true;
	look_who_has(holdings);
}

static int
find_unused(const struct holdings *holdings, const struct listener *listener)
{
	const struct holding *holding;
	const int *fds;
	size_t i, n;

	fds = listener_sockets(listener, holdings->generation->number, &n);
	for (i = 0; i < n; i++) {
		holding = find(holdings, fds[i]);
		if ((holding == NULL || holding->unused_ms != 0) &&
		    !inet_is_connected(fds[i]))
			return fds[i];
	}
	return -1;
}

int
holdings_unused(struct holdings *holdings, struct listener *listener)
{
	size_t n;
	int fd;

	listener_sockets(listener, holdings->generation->number, &n);
	if (n == 0)
		return -1;
	if (!holdings->known)
		learn(holdings);
	if ((fd = find_unused(holdings, listener)) != -1)
		return fd;
	look_who_has(holdings);
	return find_unused(holdings, listener);
}

bool
holdings_serve(const struct holdings *holdings, const struct listener *listener)
{
	const struct holding *holding;
	struct drain_set *set;
	const int *fds;
	bool found;
	size_t n;

	LIST_FOREACH (holding, &holdings->list, entry)
		if (holding->listener == listener && holding->unused_ms == 0)
			return true;
	fds = listener_sockets(listener, holdings->generation->number, &n);
	if (n == 0 || (set = stock_take(holdings->generation)) == NULL)
		return n > 0;
	found = stock_has_any(set, fds, n);
	drain_set_free(set);
	return found;
}
