/* SPDX-License-Identifier: ISC */
/*
 * One sample of a metric.
 */
#include "cli/metrics_sample.h"

#include "cli/field.h"

/* `NAME="VALUE"`, escaped as the format demands. */
void
sample_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '\\' || *value == '"')
			fprintf(out, "\\%c", *value);
		else
			putc(*value, out);
	}
	putc('"', out);
}

/* The metric's name and the label of all samples; the brace is left open. */
void
sample_begin(FILE *out, const struct metric *metric, const json_t *status)
{
	fprintf(out, "%s{", metric->name);
	sample_label(out, "service", field_string(status, "name"));
}

void
sample_end(FILE *out, json_int_t value)
{
	fprintf(out, "} %lld\n", (long long)value);
}

/* The base unit is the second. */
void
sample_end_ms(FILE *out, json_int_t ms)
{
	fprintf(out, "} %lld.%03lld\n", (long long)(ms / 1000),
	    (long long)(ms % 1000));
}
