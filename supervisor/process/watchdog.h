/* SPDX-License-Identifier: ISC */
/*
 * The watchdog of a program that has been told to say WATCHDOG=1 now and
 * then, sd_watchdog_enabled(3).  A silence counts only if we have listened:
 * what waits to be read is read first, and after an interruption of our own
 * (a supervisor that was stopped, a machine that was suspended) the time is
 * counted anew.
 */
#ifndef PROCESS_WATCHDOG_H
#define PROCESS_WATCHDOG_H

#include <event2/event.h>
#include <jansson.h>
#include <stdint.h>

struct notify_message;
struct watchdog;

struct watchdog_events {
	/* Hear all messages that wait, by watchdog_hear. */
	void (*listen)(void *arg);
	/*
	 * It has failed: how is borrowed, `sent no WATCHDOG=1 for 2.0 s`.
	 * SIGABRT was sent before.
	 */
	void (*failed)(const char *how, void *arg);
	/* To the main process. */
	void (*signal)(int number, void *arg);
};

/*
 * One that does not count yet.  kill_ms is from SIGABRT, which lets a program
 * leave a core, to SIGKILL; events is borrowed for good.  *New*; NULL.
 */
struct watchdog *watchdog_new(struct event_base *, unsigned int kill_ms,
    const struct watchdog_events *events, void *arg);
void watchdog_free(struct watchdog *);

/*
 * It has just been started with this period; 0: none.  The time counts from
 * READY=1 or the first WATCHDOG=1, at the latest from when it has had
 * start_ms.
 */
void watchdog_begin(
    struct watchdog *, unsigned int period_ms, unsigned int start_ms);

/* Its start is over, or it is to serve again: count anew from now on. */
void watchdog_count(struct watchdog *);

/* It may be silent from here on: it is parked, stops, or has ended. */
void watchdog_rest(struct watchdog *);

/* WATCHDOG=1, WATCHDOG=trigger, WATCHDOG_USEC=n, READY=1 */
void watchdog_hear(struct watchdog *, const struct notify_message *);

/* 0: there is none. */
unsigned int watchdog_period(const struct watchdog *);

/* What a successor must know, *new*; it counts anew. */
json_t *watchdog_save(const struct watchdog *);
void watchdog_restore(struct watchdog *, const json_t *);

#endif
