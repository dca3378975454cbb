/* SPDX-License-Identifier: ISC */
/*
 * Lines out of a stream of bytes that somebody else writes, made safe for a
 * terminal, a log and a JSON string: valid UTF-8 without control characters,
 * bounded in length.  The last line is kept.
 */
#ifndef PROCESS_LINES_H
#define PROCESS_LINES_H

#include <stddef.h>

#define LINES_MAX 512 /* bytes of a line; the rest is cut off */

/* line is borrowed, never blank. */
typedef void lines_fn(const char *line, void *arg);

/* To be embedded; the members are private to this module. */
struct lines {
	char next[LINES_MAX]; /* the bytes since the last end of a line */
	size_t len;
	char last[LINES_MAX + 1];
	lines_fn *fn;
	void *arg;
};

/* fn, which may be NULL, is called for each line that is not blank. */
void lines_init(struct lines *, lines_fn *, void *arg);

void lines_feed(struct lines *, const char *data, size_t n);

/* The stream has ended: bytes without a newline are a line, too. */
void lines_end(struct lines *);

/* The last line that was not blank, borrowed; "" if there was none. */
const char *lines_last(const struct lines *);

#endif
