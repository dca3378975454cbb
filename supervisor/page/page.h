/* SPDX-License-Identifier: ISC */
/*
 * A page of HTML that needs nothing but itself: no script, no other file.  All
 * text that is put into it is escaped, because names, reasons and answers come
 * from programs that nobody trusts.  This folder knows nothing of services.
 */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include <stddef.h>
#include <stdio.h>

struct page {
	FILE *out; /* borrowed */
};

/* Begin and end a page.  The title is text. */
void page_begin(struct page *, FILE *, const char *title);
void page_end(struct page *);

/*
 * Put markup, in which a text stands for each `%s`: as printf(3) with the
 * conversions s, d, u, lld and f, but each text is escaped, for the content of
 * an element as for an attribute in double quotes.
 */
void page_put(struct page *, const char *markup, ...)
    __attribute__((format(printf, 2, 3)));

/* Put a text, escaped. */
void page_text(struct page *, const char *text);

/* `35 ms`, `1.25 s`, `2 min 5 s`, `1 h 5 min` */
#define PAGE_TIME 32
void page_time(char buf[static PAGE_TIME], long long ms);

/* The same of a time that somebody has set: `2 s`, `2.5 s`, `5 min`. */
void page_round_time(char buf[static PAGE_TIME], long long ms);

/* `2026-11-30 10:00:59 UTC`, of a time of RFC 3339 */
void page_stamp(char buf[static PAGE_TIME], const char *stamp);

/* Such a time in milliseconds since the epoch; 0: it is none. */
long long page_read_stamp(const char *stamp);

/* A whole number with its thousands apart: `12,345` */
void page_count(char buf[static PAGE_TIME], long long n);

#endif
