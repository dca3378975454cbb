/* SPDX-License-Identifier: ISC */
/*
 * What services have answered, in Prometheus' text format.
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include <jansson.h>
#include <stdio.h>

#include "base/status.h"

#define METRICS_ANSWER_MS 3000 /* by then all services have answered */

/*
 * Print all metrics of these services, of cli/survey.h.  One that has not
 * answered has hotswap_up 0 and no other metric.
 */
void metrics_print(FILE *, const json_t *services);

/*
 * The same of all services of this user.  Returns STATUS_OK; or another status,
 * after telling why they cannot be found.
 */
int metrics_print_all(FILE *);

#endif
