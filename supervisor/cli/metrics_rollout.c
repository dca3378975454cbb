/* SPDX-License-Identifier: ISC */
/*
 * The metrics of rollouts: the one that is under way, the last one, and all.
 */
#include "cli/metrics_rollout.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/field.h"
#include "cli/metrics_sample.h"
#include "cli/render.h"

void
metrics_rollout_share(
    FILE *out, const struct metric *metric, const json_t *status)
{
	sample_begin(out, metric, status);
	sample_end(
	    out, field_number(field_object(status, "rollout"), metric->key));
}

/* One sample for each state, of which one is 1, as in OpenMetrics. */
void
metrics_rollout_state(
    FILE *out, const struct metric *metric, const json_t *status)
{
	static const char *const states[] = { "idle", "resolving", "starting",
		"checking", "shifting", "baking", "stopping", "restoring" };
	const char *state =
	    field_string(field_object(status, "rollout"), "state");
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		sample_begin(out, metric, status);
		putc(',', out);
		sample_label(out, "state", states[i]);
		sample_end(out, strcmp(state, states[i]) == 0);
	}
}

/* A sample for each result, with the value as end writes it. */
static void
put_results(FILE *out, const struct metric *metric, const json_t *status,
    void (*end)(FILE *, json_int_t))
{
	json_t *results = field_object(status, metric->key);
	const char *result;
	json_t *value;

	json_object_foreach (results, result, value) {
		sample_begin(out, metric, status);
		putc(',', out);
		sample_label(out, "result", result);
		end(out, json_integer_value(value));
	}
}

void
metrics_rollout_count(
    FILE *out, const struct metric *metric, const json_t *status)
{
	put_results(out, metric, status, sample_end);
}

void
metrics_rollout_time(
    FILE *out, const struct metric *metric, const json_t *status)
{
	put_results(out, metric, status, sample_end_ms);
}

/* A state that does not end by itself has no time left: no sample. */
void
metrics_rollout_left(
    FILE *out, const struct metric *metric, const json_t *status)
{
	const json_t *rollout = field_object(status, "rollout");

	if (!json_is_integer(json_object_get(rollout, metric->key)))
		return;
	sample_begin(out, metric, status);
	sample_end_ms(out, field_number(rollout, metric->key));
}

/* Milliseconds since the epoch of 2026-01-31T12:00:00.123Z; -1: no time. */
static json_int_t
stamp_ms(const char *stamp)
{
	time_t seconds = render_parse_time(stamp);
	const char *dot = strchr(stamp, '.');

	if (seconds == -1)
		return -1;
	return (json_int_t)seconds * 1000 +
	    (dot != NULL ? strtol(dot + 1, NULL, 10) : 0);
}

void
metrics_rollout_started(
    FILE *out, const struct metric *metric, const json_t *status)
{
	const char *stamp =
	    field_string(field_object(status, "rollout"), metric->key);
	json_int_t ms;

	if (stamp[0] == '\0')
		stamp = field_string(field_object(status, "last"), metric->key);
	if ((ms = stamp_ms(stamp)) == -1)
		return;
	sample_begin(out, metric, status);
	sample_end_ms(out, ms);
}

static void
begin_last(FILE *out, const struct metric *metric, const json_t *status)
{
	const json_t *last = field_object(status, metric->key);

	sample_begin(out, metric, status);
	putc(',', out);
	sample_label(out, "result", field_string(last, "result"));
	fprintf(out, ",from=\"%lld\",to=\"%lld\"",
	    (long long)field_number(last, "from"),
	    (long long)field_number(last, "to"));
}

void
metrics_rollout_ended(
    FILE *out, const struct metric *metric, const json_t *status)
{
	const json_t *last = field_object(status, metric->key);
	json_int_t ms = stamp_ms(field_string(last, "started"));

	if (ms == -1)
		return;
	begin_last(out, metric, status);
	sample_end_ms(out, ms + field_number(last, "duration_ms"));
}

void
metrics_rollout_took(
    FILE *out, const struct metric *metric, const json_t *status)
{
	const json_t *last = field_object(status, metric->key);

	if (last == NULL)
		return;
	begin_last(out, metric, status);
	sample_end_ms(out, field_number(last, "duration_ms"));
}
