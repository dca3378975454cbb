/* SPDX-License-Identifier: ISC */
/*
 * What services have answered, in Prometheus' text format.
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include <jansson.h>
#include <stdio.h>

#define METRICS_ANSWER_MS 3000 /* by then all services have answered */

/*
 * Print all metrics of these services, of cli/survey.h.  One that has not
 * answered has hotswap_up 0 and no other metric.
 */
void metrics_print(FILE *, const json_t *services);

#endif
