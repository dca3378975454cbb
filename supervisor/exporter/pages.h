/* SPDX-License-Identifier: ISC */
/*
 * What the exporter answers, but for the metrics themselves.
 */
#ifndef EXPORTER_PAGES_H
#define EXPORTER_PAGES_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stddef.h>

#define PAGES_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define PAGES_TEXT    "text/plain; charset=utf-8"
#define PAGES_HTML    "text/html; charset=utf-8"

/* The status line and the fields before a body of this length. */
void pages_head(struct evbuffer *, unsigned int status, const char *type,
    size_t length, bool keep);

/* The body of an error; of 200: the page that names /metrics. */
void pages_text(struct evbuffer *, unsigned int status);

#endif
