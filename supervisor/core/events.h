/* SPDX-License-Identifier: ISC */
/*
 * Events: each one is logged, kept for a while, and passed to all observers.
 */
#ifndef CORE_EVENTS_H
#define CORE_EVENTS_H

#include <jansson.h>
#include <sys/queue.h>

struct generation;
struct service;

#define EVENTS_KEPT 256

struct observer {
	TAILQ_ENTRY(observer) entry;
	void (*event)(json_t *event, void *arg);     /* borrowed; may be NULL */
	void (*outcome)(json_t *outcome, void *arg); /* the same */
	void *arg;
};

struct events;

/* *New*, without events; NULL with errno. */
struct events *events_new(void);
void events_free(struct events *);

/*
 * Continue with a predecessor's events, and hold all for a successor.  If the
 * environment variable HOTSWAP_KEEP_EVENTS is set, each is also added to the
 * file `events' of the service's state directory.
 */
void events_open(struct service *);

/* The observer stays the caller's; it may be removed while it is called. */
void events_observe(struct events *, struct observer *);
void events_forget(struct events *, struct observer *);

/*
 * Report an event of a generation (NULL: of the service).  The text is a
 * sentence about the generation without its name.
 */
void events_emit(struct service *, const char *event, const struct generation *,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * At least the EVENTS_KEPT newest events, oldest first: an array, *new*.  Only
 * those whose `number` is above after, unless no event has so high a number.
 */
json_t *events_recent(const struct events *, json_int_t after);

/*
 * Tell the observers that a rollout has ended; *steals* the outcome, which is
 * NULL if there was no memory for it.
 */
void events_outcome(struct service *, json_t *outcome);

#endif
