/* SPDX-License-Identifier: ISC */
/*
 * The loop, and libevent's functions that hotswap uses, on the virtual clock.
 * As in libevent an event that is made active during a callback runs before the
 * loop waits again; in which order those run that became ready together, the
 * dice decide.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "laws.h"
#include "world.h"

struct event {
	TAILQ_ENTRY(event) entry; /* of added ones */
	TAILQ_ENTRY(event) turn;  /* of active ones */
	struct event_base *base;
	int fd;
	short what;
	short result; /* while it is active */
	event_callback_fn fn;
	void *arg;
	bool added, active, timed;
	int64_t due_us;
	int64_t every_us;
};

struct event_base {
	TAILQ_HEAD(, event) added;
	TAILQ_HEAD(turns, event) active;
	bool broken;
};

struct event_base *
loop_new(void)
{
	struct event_base *base = calloc(1, sizeof(*base));

	if (base == NULL)
		return NULL;
	TAILQ_INIT(&base->added);
	TAILQ_INIT(&base->active);
	return base;
}

void
event_base_free(struct event_base *base)
{
	free(base);
}

struct event *
event_new(struct event_base *base, evutil_socket_t fd, short what,
    event_callback_fn fn, void *arg)
{
	struct event *event = calloc(1, sizeof(*event));

	if (event == NULL)
		return NULL;
	event->base = base;
	event->fd = fd;
	event->what = what;
	event->fn = fn;
	event->arg = arg;
	return event;
}

int
event_add(struct event *event, const struct timeval *delay)
{
	if (delay != NULL) {
		event->every_us =
		    (int64_t)delay->tv_sec * 1000000 + delay->tv_usec;
		event->due_us = W->now_us + event->every_us;
		event->timed = true;
	}
	if (!event->added)
		TAILQ_INSERT_TAIL(&event->base->added, event, entry);
	event->added = true;
	return 0;
}

static void
deactivate(struct event *event)
{
	if (event->active)
		TAILQ_REMOVE(&event->base->active, event, turn);
	event->active = false;
}

int
event_del(struct event *event)
{
	deactivate(event);
	if (event->added)
		TAILQ_REMOVE(&event->base->added, event, entry);
	event->added = event->timed = false;
	return 0;
}

void
event_free(struct event *event)
{
	event_del(event);
	free(event);
}

void
event_active(struct event *event, int what, short n)
{
	event->result |= (short)what;
	if (!event->active)
		TAILQ_INSERT_TAIL(&event->base->active, event, turn);
	event->active = true;
}

int
event_pending(const struct event *event, short what, struct timeval *when)
{
	short is = 0;

	if (event->added)
		is |= event->what & (EV_READ | EV_WRITE | EV_SIGNAL);
	if (event->timed)
		is |= EV_TIMEOUT;
	if (event->active)
		is |= event->result;
	return is & what;
}

int
event_base_loopbreak(struct event_base *base)
{
	base->broken = true;
	return 0;
}

/* One callback; what it has left behind is checked. */
static void
run(struct event *event)
{
	short result = event->result;

	deactivate(event);
	event->result = 0;
	if ((event->what & EV_PERSIST) == 0)
		event_del(event);
	else if (event->timed)
		event->due_us = W->now_us + event->every_us;
	step("loop");
	event->fn(event->fd, result, event->arg);
}

static short
ready(const struct event *event)
{
	if (event->timed && event->due_us <= W->now_us)
		return EV_TIMEOUT;
	if ((event->what & EV_SIGNAL) != 0)
		return event->fd == SIGCHLD && W->programs.sigchld ? EV_SIGNAL
								   : 0;
	if ((event->what & EV_READ) != 0 && event->fd != -1 &&
	    fd_is_readable(event->fd))
		return EV_READ;
	return 0;
}

/* Put an event that became ready at any place among the others. */
static void
shuffle_in(struct event_base *base, struct event *event)
{
	struct event *other;

	TAILQ_FOREACH (other, &base->active, turn)
		if (chance(40)) {
			TAILQ_INSERT_BEFORE(other, event, turn);
			event->active = true;
			return;
		}
	TAILQ_INSERT_TAIL(&base->active, event, turn);
	event->active = true;
}

/* Returns when the next timer is due. */
static int64_t
collect(struct event_base *base)
{
	int64_t next = INT64_MAX;
	struct event *event;
	bool child = false;
	short what;

	TAILQ_FOREACH (event, &base->added, entry) {
		if (event->active)
			continue;
		if ((what = ready(event)) != 0) {
			child |= (what & EV_SIGNAL) != 0;
			event->result = what;
			shuffle_in(base, event);
		} else if (event->timed && event->due_us < next)
			next = event->due_us;
	}
	if (child)
		W->programs.sigchld = false;
	return next;
}

/* Nothing is ready: others act, or time passes. */
static void
wait(int64_t timer)
{
	int64_t next = agenda_next();

	W->elsewhere = true;
	if (next > W->now_us) {
		if (timer < next)
			next = timer;
		if (next == INT64_MAX)
			broken("rest", "the supervisor waits for nothing");
		if (next > W->now_us)
			W->now_us = next;
	}
	while (agenda_next() <= W->now_us && chance(90))
		agenda_do_one();
	W->elsewhere = false;
}

int
event_base_loop(struct event_base *base, int flags)
{
	struct event *event;
	int64_t timer;

	while (!base->broken) {
		while (!base->broken &&
		    (event = TAILQ_FIRST(&base->active)) != NULL)
			run(event);
		if (base->broken || (flags & EVLOOP_NONBLOCK) != 0)
			break;
		laws_look();
		timer = collect(base);
		if (TAILQ_EMPTY(&base->active))
			wait(timer);
	}
	base->broken = false;
	return 0;
}

int
event_base_dispatch(struct event_base *base)
{
	return event_base_loop(base, 0);
}
