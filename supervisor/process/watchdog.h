/* SPDX-License-Identifier: ISC */
/*
 * The watchdog of a program that must send WATCHDOG=1 in each period,
 * sd_watchdog_enabled(3).  A silence counts only if we have listened: messages
 * that wait are read first, and after an interruption of our own (a supervisor
 * that was stopped, a machine that was suspended) the period begins again.
 */
#ifndef PROCESS_WATCHDOG_H
#define PROCESS_WATCHDOG_H

#include <event2/event.h>
#include <jansson.h>
#include <stdint.h>

struct notify_message;
struct watchdog;

struct watchdog_events {
	/* Take all messages that wait, with watchdog_hear. */
	void (*listen)(void *arg);
	/*
	 * The watchdog has failed; how is borrowed: `sent no WATCHDOG=1 for 2.0
	 * s`.  SIGABRT was sent before.
	 */
	void (*failed)(const char *how, void *arg);
	/* Signal the main process. */
	void (*signal)(int number, void *arg);
};

/*
 * At first it does not count.  kill_ms is the time from SIGABRT, after which a
 * program may write a core, to SIGKILL; events is borrowed for as long as this
 * lives.  *New*; NULL if there is no memory.
 */
struct watchdog *watchdog_new(struct event_base *, unsigned int kill_ms,
    const struct watchdog_events *events, void *arg);
void watchdog_free(struct watchdog *);

/*
 * The program has just been started with this period; 0: no watchdog.  The time
 * counts from READY=1 or the first WATCHDOG=1, but from start_ms at the latest.
 */
void watchdog_begin(
    struct watchdog *, unsigned int period_ms, unsigned int start_ms);

/* The start is over, or the program serves again: a period begins now. */
void watchdog_count(struct watchdog *);

/* Expect nothing from now on: the program is parked, stops, or has ended. */
void watchdog_rest(struct watchdog *);

/* Take a message: WATCHDOG=1, WATCHDOG=trigger, WATCHDOG_USEC=n, READY=1. */
void watchdog_hear(struct watchdog *, const struct notify_message *);

/* The period; 0: no watchdog. */
unsigned int watchdog_period(const struct watchdog *);

/* Save for a successor, *new*; and restore, where a period begins again. */
json_t *watchdog_save(const struct watchdog *);
void watchdog_restore(struct watchdog *, const json_t *);

#endif
