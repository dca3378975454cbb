/* SPDX-License-Identifier: ISC */
/*
 * What happened: each event is logged, kept for a while and told to all who
 * observe.
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
	void (*outcome)(json_t *outcome, void *arg); /* likewise */
	void *arg;
};

struct events;

/* *New*, with none; NULL with errno. */
struct events *events_new(void);
void events_free(struct events *);

/* Go on with those of a predecessor, and hold them for a successor. */
void events_open(struct service *);

/* The observer stays the caller's; it may be removed from its own calls. */
void events_observe(struct events *, struct observer *);
void events_forget(struct events *, struct observer *);

/*
 * Something happened to a generation (NULL: to the service).  The words are
 * a sentence about it that needs no name in front.
 */
void events_emit(struct service *, const char *event, const struct generation *,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * The EVENTS_KEPT newest, at the least, oldest first: an array, *new*.  After
 * that number, which each has as its `number`, unless there is none so high.
 */
json_t *events_recent(const struct events *, json_int_t after);

/* A rollout has ended; *steals* the outcome. */
void events_outcome(struct service *, json_t *outcome);

#endif
