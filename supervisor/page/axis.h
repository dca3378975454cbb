/* SPDX-License-Identifier: ISC */
/*
 * Drawings along a time axis, in SVG whose places are percent of the width: the
 * text keeps its size on any screen.  Times are milliseconds from the left end.
 */
#ifndef PAGE_AXIS_H
#define PAGE_AXIS_H

#include <stdbool.h>

#include "page/page.h"

struct axis {
	long long total_ms; /* above 0 */
	int height;	    /* of the drawing, in pixels */
	bool bare;	    /* the ticks have no text */
};

/* Begin a drawing, which the text describes, with the ticks. */
void axis_begin(struct page *, const struct axis *, const char *described);
void axis_end(struct page *);

/* Where a time is, in percent of the width, and how wide a span is. */
double axis_place(const struct axis *, long long ms);
double axis_width(const struct axis *, long long from, long long to);

/* A row's title, above y. */
void axis_title(struct page *, int y, const char *title);

/*
 * A bar of a class of style.c, with a text that is shown where there is room,
 * and all about it for whoever points at it.
 */
struct axis_bar {
	const char *kind;
	const char *text;
	const char *about;
	long long from_ms, to_ms;
	int y, height;
};
void axis_bar(struct page *, const struct axis *, const struct axis_bar *);

/* A mark for an instant: round if it is good, pointed if it is bad. */
void axis_mark(struct page *, const struct axis *, long long ms, double y,
    bool good, const char *about);

#endif
