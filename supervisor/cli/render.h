/* SPDX-License-Identifier: ISC */
/*
 * Text for people: aligned columns, wrapped paragraphs, ages and durations.
 * Knows nothing of services.
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
 * What gives way where a row is wider than the terminal; only the last
 * column may wrap.
 */
enum column_fit { FIT_KEEP, FIT_CUT_HEAD, FIT_CUT_TAIL, FIT_WRAP };

struct column {
	const char *title;
	bool right; /* aligned so */
	enum column_fit fit;
};

enum paint { PAINT_NONE, PAINT_GOOD, PAINT_BAD, PAINT_FAINT };

struct table;

/* columns is borrowed for good.  *New*; NULL with ENOMEM. */
struct table *table_new(const struct column *columns, size_t n);
void table_free(struct table *);

/* The next cell, from left to right, row after row; made clean. */
void table_cell(struct table *, enum paint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Print it, at most width columns wide where the fits allow it. */
void table_print(const struct table *, FILE *, size_t width, bool colours);

/* Print words, indented from the second line on, broken at width. */
void render_wrap(FILE *, const char *text, size_t indent, size_t width);

/* Columns of the terminal behind the stream, at least RENDER_WIDTH. */
size_t render_width(FILE *);

/* Whether lines can be rewritten there: a terminal that is not dumb. */
bool render_live(FILE *);

/* Whether colours are wanted: a terminal, and no NO_COLOR. */
bool render_colours(FILE *);

/* `12s`, `5m`, `3h`, `4d` */
void render_age(char buf[static RENDER_TIME], int64_t seconds);

/* `35 ms`, `5.2 s`, `2 min 5 s` */
void render_duration(char buf[static RENDER_TIME], int64_t ms);

/* Seconds of an RFC 3339 time in UTC; -1 if it is none. */
time_t render_parse_time(const char *stamp);

#endif
