/* SPDX-License-Identifier: ISC */
/*
 * The watchdog of a program.  While it counts it looks at the clock four times
 * in each period, so that it notices an interruption of our own loop.
 */
#include "process/watchdog.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "process/notify_message.h"

#define LOOKS	    4  /* in each period, */
#define SHORTEST_MS 10 /* but this is the least time between two */

enum state {
	RESTING,
	STARTING, /* the program may still be silent */
	COUNTING,
	ABORTED /* SIGABRT has been sent */
};

struct watchdog {
	const struct watchdog_events *events;
	void *arg;
	enum state state;
	unsigned int period_ms; /* 0: not watched */
	unsigned int start_ms;
	unsigned int kill_ms;
	int64_t deadline;
	int64_t due; /* when the next look was to be */
	struct event *timer;
};

static int64_t
look_ms(const struct watchdog *watchdog)
{
	int64_t ms = watchdog->period_ms / LOOKS;

	return ms > SHORTEST_MS ? ms : SHORTEST_MS;
}

static void
set_timer(struct watchdog *watchdog, int64_t ms)
{
	struct timeval delay = clock_interval(ms);

	watchdog->due = clock_ms() + ms;
	evtimer_add(watchdog->timer, &delay);
}

static void
look_again(struct watchdog *watchdog)
{
	int64_t left = watchdog->deadline - clock_ms();
	int64_t most = look_ms(watchdog);

	set_timer(watchdog, left < most ? left : most);
}

static void
watchdog_enter(struct watchdog *watchdog, enum state state, int64_t ms)
{
	watchdog->state = state;
	watchdog->deadline = clock_ms() + ms;
	look_again(watchdog);
}

static void
fail(struct watchdog *watchdog, const char *how)
{
	watchdog->state = ABORTED;
	set_timer(watchdog, watchdog->kill_ms);
	/* SIGABRT does not end a process that is stopped, signal(7). */
	watchdog->events->signal(SIGABRT, watchdog->arg);
	watchdog->events->signal(SIGCONT, watchdog->arg);
	watchdog->events->failed(how, watchdog->arg);
}

static void
watchdog_look(evutil_socket_t fd, short what, void *arg)
{
	struct watchdog *watchdog = arg;
	int64_t late = clock_ms() - watchdog->due;
	char how[64];

	if (watchdog->state == ABORTED) {
		watchdog->state = RESTING;
		watchdog->events->signal(SIGKILL, watchdog->arg);
		return;
	}
	watchdog->events->listen(watchdog->arg);
	if (watchdog->state != STARTING && watchdog->state != COUNTING)
		return;
	/* Whoever stopped us may have stopped the program as well. */
	if (late > look_ms(watchdog) &&
	    watchdog->deadline < clock_ms() + watchdog->period_ms)
		watchdog->deadline = clock_ms() + watchdog->period_ms;
	if (clock_ms() < watchdog->deadline) {
		look_again(watchdog);
		return;
	}
	snprintf(how, sizeof(how), "sent no WATCHDOG=1 for %.1f s",
	    watchdog->period_ms / 1000.0);
	fail(watchdog, how);
}

struct watchdog *
watchdog_new(struct event_base *base, unsigned int kill_ms,
    const struct watchdog_events *events, void *arg)
{
	struct watchdog *watchdog = calloc(1, sizeof(*watchdog));

	if (watchdog == NULL)
		return NULL;
	watchdog->events = events;
	watchdog->arg = arg;
	watchdog->kill_ms = kill_ms;
	watchdog->timer = evtimer_new(base, watchdog_look, watchdog);
	if (watchdog->timer != NULL)
		return watchdog;
	free(watchdog);
	return NULL;
}

void
watchdog_free(struct watchdog *watchdog)
{
	if (watchdog == NULL)
		return;
	event_free(watchdog->timer);
	free(watchdog);
}

void
watchdog_begin(
    struct watchdog *watchdog, unsigned int period_ms, unsigned int start_ms)
{
	watchdog_rest(watchdog);
	watchdog->period_ms = period_ms;
	watchdog->start_ms = start_ms;
	if (period_ms > 0)
		watchdog_enter(
		    watchdog, STARTING, (int64_t)start_ms + period_ms);
}

void
watchdog_count(struct watchdog *watchdog)
{
	if (watchdog->period_ms > 0 && watchdog->state != ABORTED)
		watchdog_enter(watchdog, COUNTING, watchdog->period_ms);
}

void
watchdog_rest(struct watchdog *watchdog)
{
	watchdog->state = RESTING;
	evtimer_del(watchdog->timer);
}

/* 0 turns it off, sd_notify(3); less than a millisecond counts as one. */
static void
change_period(struct watchdog *watchdog, int64_t usec)
{
	int64_t ms = (usec + 999) / 1000;

	watchdog->period_ms = ms < UINT32_MAX ? (unsigned int)ms : UINT32_MAX;
	if (watchdog->period_ms == 0 && watchdog->state != ABORTED)
		watchdog_rest(watchdog);
}

void
watchdog_hear(struct watchdog *watchdog, const struct notify_message *message)
{
	bool rests = watchdog->state == RESTING;

	if (message->watchdog_usec >= 0) {
		/* It had no watchdog, and asks for one now. */
		rests &= watchdog->period_ms > 0;
		change_period(watchdog, message->watchdog_usec);
	}
	if (message->watchdog_trigger && watchdog->state != ABORTED)
		fail(watchdog, "sent WATCHDOG=trigger");
	else if (!rests &&
	    (message->watchdog || message->ready ||
		message->watchdog_usec >= 0))
		watchdog_count(watchdog);
}

unsigned int
watchdog_period(const struct watchdog *watchdog)
{
	return watchdog->period_ms;
}

json_t *
watchdog_save(const struct watchdog *watchdog)
{
	return json_pack("{sI sI si}", "period",
	    (json_int_t)watchdog->period_ms, "start",
	    (json_int_t)watchdog->start_ms, "state", (int)watchdog->state);
}

static unsigned int
number_in(const json_t *saved, const char *key)
{
	return (unsigned int)json_integer_value(json_object_get(saved, key));
}

void
watchdog_restore(struct watchdog *watchdog, const json_t *saved)
{
	watchdog->period_ms = number_in(saved, "period");
	watchdog->start_ms = number_in(saved, "start");
	switch (number_in(saved, "state")) {
	case STARTING:
		watchdog_begin(
		    watchdog, watchdog->period_ms, watchdog->start_ms);
		break;
	case COUNTING:
		watchdog_count(watchdog);
		break;
	case ABORTED:
		watchdog->state = ABORTED;
		set_timer(watchdog, watchdog->kill_ms);
		break;
	default:
		break;
	}
}
