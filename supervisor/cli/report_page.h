/* SPDX-License-Identifier: ISC */
/*
 * The page about one rollout, and its sections, one module each.  A summary may
 * come from another version, or be an outcome alone: each section shows what
 * there is, and nothing if there is nothing.
 */
#ifndef CLI_REPORT_PAGE_H
#define CLI_REPORT_PAGE_H

#include <jansson.h>
#include <stdio.h>

#include "page/page.h"

/* Write the whole page. */
void report_page(FILE *, const json_t *summary);

/* The sections. */
void report_line(struct page *, const json_t *summary);
void report_traffic(struct page *, const json_t *summary);
void report_checks(struct page *, const json_t *summary);
void report_events(struct page *, const json_t *summary);

/* How long the rollout took, or has taken so far; above 0. */
long long report_total(const json_t *summary);

/* A text that a supervisor or program has said, without what may be secret. */
#define REPORT_SAID 1024
void report_said(
    char buf[static REPORT_SAID], const json_t *object, const char *key);

/* `root (control socket)`; hotswap itself. */
#define REPORT_PERSON 160
void report_person(char buf[static REPORT_PERSON], const json_t *asked);

#endif
