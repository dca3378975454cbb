/* SPDX-License-Identifier: ISC */
/*
 * The report of a run, for programs and for people.
 */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "options.h"
#include "tally.h"

/* Write JSON to stdout or to a file that appears complete; -1 with errno. */
void report_json(const struct options *, const struct tally *);
int report_file(const struct options *, const struct tally *, const char *path);

/* Write a table to stdout. */
void report_human(const struct options *, const struct tally *);

#endif
