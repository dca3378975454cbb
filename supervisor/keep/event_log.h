/* SPDX-License-Identifier: ISC */
/*
 * The newest events, one JSON object a line in two memfds, to which a successor
 * adds.  Lines are added to one memfd; when it is full, the other and older one
 * is emptied and takes its place.
 */
#ifndef KEEP_EVENT_LOG_H
#define KEEP_EVENT_LOG_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

#define EVENT_LOG_FILES 2

struct event_log {
	int fds[EVENT_LOG_FILES];
	size_t current;	 /* the memfd to which lines are added */
	size_t lines;	 /* in the current memfd */
	off_t end;	 /* of the current memfd */
	json_int_t last; /* number of the newest event */
};

/* Without memfds: no event is kept. */
void event_log_init(struct event_log *);
void event_log_fini(struct event_log *);

/* Make the memfds.  -1 with errno. */
int event_log_open(struct event_log *);

/* Use a predecessor's memfds, *stolen*; each may be -1. */
void event_log_adopt(struct event_log *, const int fds[EVENT_LOG_FILES]);

/*
 * Set the object's `number` to the next number, and add the object.  At least
 * the last `least` objects are kept, and at most twice as many.
 */
void event_log_add(struct event_log *, json_t *, size_t least);

/* The kept objects with a number above after, oldest first; *new*. */
json_t *event_log_read(const struct event_log *, json_int_t after);

#endif
