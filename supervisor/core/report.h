/* SPDX-License-Identifier: ISC */
/*
 * The report to the process that started the service, service/launch.h.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include <stdbool.h>

struct service;

#define REPORT_HELD "report.0" /* the descriptor's name, see launch.h */

/* Report once that the first generation serves, or why it does not. */
void report_start(struct service *, bool ready, const char *text);

#endif
