/* SPDX-License-Identifier: ISC */
/*
 * metrics: what services have answered, in Prometheus' text format, version
 * 0.0.4.  Each metric has one row, whose function prints the samples of one
 * service.
 */
#include "cli/metrics.h"

#include <errno.h>
#include <string.h>

#include "base/status.h"
#include "cli/commands.h"
#include "base/strings.h"
#include "cli/client.h"
#include "cli/client_tell.h"
#include "cli/field.h"
#include "cli/metrics_rollout.h"
#include "cli/metrics_sample.h"
#include "cli/render.h"
#include "cli/services.h"
#include "cli/survey.h"
#include "cli/tell.h"

static void
print_info(FILE *out, const struct metric *metric, const json_t *status)
{
	sample_begin(out, metric, status);
	putc(',', out);
	sample_label(out, "version", field_string(status, "version"));
	sample_end(out, 1);
}

static void
print_up(FILE *out, const struct metric *metric, const json_t *status)
{
	sample_begin(out, metric, status);
	sample_end(out, survey_answers(status));
}

/* An older supervisor does not tell. */
static void
print_held(FILE *out, const struct metric *metric, const json_t *status)
{
	if (json_object_get(status, metric->key) == NULL)
		return;
	sample_begin(out, metric, status);
	sample_end(out, field_string(status, metric->key)[0] != '\0');
}

static void
print_number(FILE *out, const struct metric *metric, const json_t *status)
{
	sample_begin(out, metric, status);
	sample_end(out, field_number(status, metric->key));
}

static void
print_queues(FILE *out, const struct metric *metric, const json_t *status)
{
	const json_t *listener, *queue;
	size_t i, j;

	json_array_foreach (field_list(status, "listeners"), i, listener) {
		json_array_foreach (field_list(listener, "queues"), j, queue) {
			sample_begin(out, metric, status);
			putc(',', out);
			sample_label(
			    out, "listener", field_string(listener, "address"));
			fprintf(out, ",generation=\"%lld\"",
			    (long long)field_number(queue, "generation"));
			sample_end(out, field_number(queue, "queued"));
		}
	}
}

static void
begin_generation(FILE *out, const struct metric *metric, const json_t *status,
    const json_t *generation)
{
	sample_begin(out, metric, status);
	fprintf(out, ",generation=\"%lld\",",
	    (long long)field_number(generation, "number"));
	sample_label(out, "role", field_string(generation, "role"));
}

static void
print_generations(FILE *out, const struct metric *metric, const json_t *status)
{
	const json_t *generation;
	size_t i;

	json_array_foreach (field_list(status, "generations"), i, generation) {
		/* A number below 0 means that it could not be counted. */
		if (field_number(generation, metric->key) < 0)
			continue;
		begin_generation(out, metric, status, generation);
		sample_end(out, field_number(generation, metric->key));
	}
}

static void
print_started(FILE *out, const struct metric *metric, const json_t *status)
{
	const json_t *generation;
	time_t started;
	size_t i;

	json_array_foreach (field_list(status, "generations"), i, generation) {
		started =
		    render_parse_time(field_string(generation, metric->key));
		if (started == -1)
			continue;
		begin_generation(out, metric, status, generation);
		sample_end(out, started);
	}
}

/* A generation that was never checked is neither healthy nor not: no sample. */
static void
print_healthy(FILE *out, const struct metric *metric, const json_t *status)
{
	const json_t *generation;
	const char *last;
	size_t i;

	json_array_foreach (field_list(status, "generations"), i, generation) {
		last = field_string(
		    field_object(generation, "health"), metric->key);
		if (strcmp(last, "pass") != 0 && strcmp(last, "fail") != 0)
			continue;
		begin_generation(out, metric, status, generation);
		sample_end(out, strcmp(last, "pass") == 0);
	}
}

static void
print_checks(FILE *out, const struct metric *metric, const json_t *status)
{
	static const char *const results[][2] = { { "passes", "pass" },
		{ "failures", "fail" } };
	const json_t *generation;
	size_t i, j;

	json_array_foreach (field_list(status, "generations"), i, generation) {
		for (j = 0; j < 2; j++) {
			begin_generation(out, metric, status, generation);
			putc(',', out);
			sample_label(out, "result", results[j][1]);
			sample_end(out,
			    field_number(field_object(generation, "health"),
				results[j][0]));
		}
	}
}

static void
print_stored(FILE *out, const struct metric *metric, const json_t *status)
{
	const json_t *generation;
	size_t i;

	json_array_foreach (field_list(status, "generations"), i, generation) {
		begin_generation(out, metric, status, generation);
		sample_end(out,
		    field_number(
			field_object(generation, "stored"), metric->key));
	}
}

static void
print_pauses(FILE *out, const struct metric *metric, const json_t *status)
{
	sample_begin(out, metric, status);
	sample_end(
	    out, field_number(field_object(status, "pauses"), metric->key));
}

static void
print_pause_time(FILE *out, const struct metric *metric, const json_t *status)
{
	sample_begin(out, metric, status);
	sample_end_ms(
	    out, field_number(field_object(status, "pauses"), metric->key));
}

static const struct metric metrics[] = {
	{ "hotswap_up", "gauge", "Whether the supervisor answers.", print_up,
	    NULL },
	{ "hotswap_info", "gauge", "The supervisor's version.", print_info,
	    NULL },
	{ "hotswap_held", "gauge",
	    "Whether keeper or systemd holds what must outlive the supervisor.",
	    print_held, "held_by" },
	{ "hotswap_active_generation", "gauge",
	    "Number of the generation that serves, 0 if none does.",
	    print_number, "active" },
	{ "hotswap_rollout_state", "gauge",
	    "Which state the rollout is in: 1 for that one.",
	    metrics_rollout_state, NULL },
	{ "hotswap_rollout_share", "gauge",
	    "Percent of new connections that the candidate gets.",
	    metrics_rollout_share, "share" },
	{ "hotswap_rollout_start_time_seconds", "gauge",
	    "When the rollout began that is under way, or else the last one.",
	    metrics_rollout_started, "started" },
	{ "hotswap_rollout_end_time_seconds", "gauge",
	    "When the last rollout ended, by result and generations.",
	    metrics_rollout_ended, "last" },
	{ "hotswap_rollout_duration_seconds", "gauge",
	    "How long the last rollout took, by result and generations.",
	    metrics_rollout_took, "last" },
	{ "hotswap_rollouts_total", "counter",
	    "Rollouts that have ended, by result.", metrics_rollout_count,
	    "counters" },
	{ "hotswap_rollout_seconds_total", "counter",
	    "How long rollouts have taken together, by result.",
	    metrics_rollout_time, "durations_ms" },
	{ "hotswap_rollout_left_seconds", "gauge",
	    "When the present state ends by itself, if it does.",
	    metrics_rollout_left, "left_ms" },
	{ "hotswap_pauses_total", "counter",
	    "How often new connections have waited, by --strategy exclusive.",
	    print_pauses, "count" },
	{ "hotswap_pause_seconds_total", "counter",
	    "How long these pauses have been together.", print_pause_time,
	    "total_ms" },
	{ "hotswap_last_pause_seconds", "gauge",
	    "How long the last of these pauses was.", print_pause_time,
	    "last_ms" },
	{ "hotswap_generation_share", "gauge",
	    "Percent of new connections that the generation gets.",
	    print_generations, "share" },
	{ "hotswap_generation_connections", "gauge",
	    "Open connections of the generation.", print_generations,
	    "connections" },
	{ "hotswap_generation_flows", "gauge",
	    "UDP flows of the generation, where eBPF steers.",
	    print_generations, "flows" },
	{ "hotswap_generation_given_total", "counter",
	    "Connections and datagrams given to the generation, where eBPF "
	    "steers.",
	    print_generations, "given" },
	{ "hotswap_generation_restarts_total", "counter",
	    "How often the generation was started again.", print_generations,
	    "restarts" },
	{ "hotswap_generation_healthy", "gauge",
	    "Whether the generation's last check passed.", print_healthy,
	    "last" },
	{ "hotswap_generation_checks_total", "counter",
	    "Health checks of the generation, by result.", print_checks, NULL },
	{ "hotswap_generation_stored_descriptors", "gauge",
	    "Descriptors that the generation's program has stored.",
	    print_stored, "count" },
	{ "hotswap_generation_start_time_seconds", "gauge",
	    "When the generation was started, since the epoch.", print_started,
	    "started" },
	{ "hotswap_listener_queue", "gauge",
	    "Connections that wait to be accepted.", print_queues, NULL },
};

void
metrics_print(FILE *out, const json_t *services)
{
	const struct metric *metric = metrics;
	const json_t *service;
	size_t i;

	for (; metric < metrics + sizeof(metrics) / sizeof(metrics[0]);
	     metric++) {
		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
		    metric->help, metric->name, metric->type);
		json_array_foreach (services, i, service)
			if (survey_answers(service) ||
			    metric->print == print_up)
				metric->print(out, metric, service);
	}
}

int
metrics_print_all(FILE *out)
{
	char **names = services_names();
	json_t *services;

	if (names == NULL)
		return services_tell_unreadable(errno);
	services = survey(names, METRICS_ANSWER_MS);
	metrics_print(out, services);
	json_decref(services);
	strings_free(names);
	return STATUS_OK;
}

int
cli_metrics(const struct arguments *arguments)
{
	json_t *reply = NULL, *services;
	int status;

	if (arguments->all && arguments->name != NULL)
		return tell(STATUS_USAGE,
		    "--all is for all services; \"%s\" is given as well",
		    arguments->name);
	if (arguments->all)
		return metrics_print_all(stdout);
	status = client_ask(
	    arguments->name, "Status", NULL, CLIENT_PROMPT_MS, &reply);
	if (status != STATUS_OK)
		return status;
	services = json_pack("[O]", field_object(reply, "status"));
	metrics_print(stdout, services);
	json_decref(services);
	json_decref(reply);
	return STATUS_OK;
}
