/* SPDX-License-Identifier: ISC */
/*
 * The newest events, one JSON object a line in two memfds, to which a successor
 * adds.  Lines are added to one memfd; when it is full, the other and older one
 * is emptied and takes its place.
 */
#ifndef KEEP_TAPE_H
#define KEEP_TAPE_H

#include <jansson.h>
#include <stddef.h>

#define TAPE_FILES 2

struct tape {
	int fds[TAPE_FILES];
	size_t current;	 /* the memfd to which lines are added */
	size_t lines;	 /* in the current memfd */
	json_int_t last; /* number of the newest event */
};

/* Without memfds: no event is kept. */
void tape_init(struct tape *);
void tape_fini(struct tape *);

/* Make the memfds.  -1 with errno. */
int tape_open(struct tape *);

/* Use a predecessor's memfds, *stolen*; each may be -1. */
void tape_adopt(struct tape *, const int fds[TAPE_FILES]);

/*
 * Set the object's `number` to the next number, and add the object.  At least
 * the last `least` objects are kept, and at most twice as many.
 */
void tape_add(struct tape *, json_t *, size_t least);

/* The kept objects with a number above after, oldest first; *new*. */
json_t *tape_read(const struct tape *, json_int_t after);

#endif
