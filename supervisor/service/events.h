/* SPDX-License-Identifier: ISC */
/*
 * What happened: each event is logged, kept for a while and told to all who
 * observe.
 */
#ifndef SERVICE_EVENTS_H
#define SERVICE_EVENTS_H

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

struct events {
	TAILQ_HEAD(, observer) observers;
	json_t *recent; /* an array of texts, oldest first */
};

void events_init(struct events *);
void events_fini(struct events *);

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
 * The EVENTS_KEPT newest, 0 being the oldest of them: an object, *new*; NULL
 * if there is none of that number, or no memory.
 */
size_t events_count(const struct events *);
json_t *events_get(const struct events *, size_t);

/* A rollout has ended; *steals* the outcome. */
void events_outcome(struct service *, json_t *outcome);

#endif
