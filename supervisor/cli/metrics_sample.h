/* SPDX-License-Identifier: ISC */
/*
 * One sample of a metric, as Prometheus' text format has it.
 */
#ifndef CLI_METRICS_SAMPLE_H
#define CLI_METRICS_SAMPLE_H

#include <jansson.h>
#include <stdio.h>

struct metric {
	const char *name, *type, *help;
	void (*print)(FILE *, const struct metric *, const json_t *status);
	const char *key; /* field for print, if print takes one */
};

/*
 * The metric's name and the label of all samples.  Further labels follow, each
 * with a comma before it, and then the end with the value.
 */
void sample_begin(FILE *, const struct metric *, const json_t *status);

/* `NAME="VALUE"`, escaped as the format demands. */
void sample_label(FILE *, const char *name, const char *value);

void sample_end(FILE *, json_int_t value);
void sample_end_ms(FILE *, json_int_t ms); /* in seconds */

#endif
