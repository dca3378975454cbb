/* SPDX-License-Identifier: ISC */
/*
 * Text for people: aligned columns, wrapped paragraphs, ages and durations.
 * This module knows nothing of services.
 */
#ifndef CLI_RENDER_H
#define CLI_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define RENDER_WIDTH 80 /* columns, where nothing else is known */
#define RENDER_TIME  40 /* room for an age or a duration */

/*
 * How a column gives way if a row is wider than the terminal; only the last
 * column may wrap.
 */
enum column_fit { FIT_KEEP, FIT_CUT_HEAD, FIT_CUT_TAIL, FIT_WRAP };

struct column {
	const char *title;
	bool right; /* aligned to the right */
	enum column_fit fit;
};

enum paint { PAINT_NONE, PAINT_GOOD, PAINT_BAD, PAINT_FAINT };

struct table;

/* columns is borrowed as long as the table lives.  *New*; NULL with ENOMEM. */
struct table *table_new(const struct column *columns, size_t n);
void table_free(struct table *);

/* Add the next cell, row after row; control characters are replaced. */
void table_cell(struct table *, enum paint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Print the table, at most width columns wide if the fits allow that. */
void table_print(const struct table *, FILE *, size_t width, bool colours);

/* Print words, broken at width; every line but the first is indented. */
void render_wrap(FILE *, const char *text, size_t indent, size_t width);

/* The columns of the stream's terminal, at least RENDER_WIDTH. */
size_t render_width(FILE *);

/* Whether the stream's lines can be rewritten: a terminal, not dumb. */
bool render_live(FILE *);

/* Whether colours are wanted: a terminal, and NO_COLOR is not set. */
bool render_colours(FILE *);

/* `12s`, `5m`, `3h`, `4d` */
void render_age(char buf[static RENDER_TIME], int64_t seconds);

/* `35 ms`, `5.2 s`, `2 min 5 s` */
void render_duration(char buf[static RENDER_TIME], int64_t ms);

/* Seconds since the epoch of an RFC 3339 time in UTC; -1 if it is none. */
time_t render_parse_time(const char *stamp);

#endif
