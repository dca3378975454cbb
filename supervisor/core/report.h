/* SPDX-License-Identifier: ISC */
/*
 * What whoever started the service waits for, service/launch.h.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include <stdbool.h>

struct service;

#define REPORT_HELD "report.0" /* the descriptor, see launch.h */

/* The first generation serves, or why it will not; told once. */
void report_start(struct service *, bool ready, const char *text);

#endif
