/* SPDX-License-Identifier: ISC */
/*
 * The newest of what happened, a JSON object a line in two memfds, which a
 * successor reads on: one is added to, and when it is full the other one,
 * which is older, is emptied and takes its place.
 */
#ifndef KEEP_TAPE_H
#define KEEP_TAPE_H

#include <jansson.h>
#include <stddef.h>

#define TAPE_FILES 2

struct tape {
	int fds[TAPE_FILES];
	size_t current;	 /* which is added to */
	size_t lines;	 /* in it */
	json_int_t last; /* number */
};

/* Without files: nothing is kept. */
void tape_init(struct tape *);
void tape_fini(struct tape *);

/* Make the files.  -1 with errno. */
int tape_open(struct tape *);

/* Those of a predecessor, *stolen*; each may be -1. */
void tape_adopt(struct tape *, const int fds[TAPE_FILES]);

/*
 * Give an object the next number, as its `number`, and add it.  Of the last
 * so many at the least, and twice as many at the most, are kept.
 */
void tape_add(struct tape *, json_t *, size_t least);

/* Those that are kept and have a higher number, oldest first; *new*. */
json_t *tape_read(const struct tape *, json_int_t after);

#endif
