/* SPDX-License-Identifier: ISC */
/*
 * The report of a run, as JSON and as a table.
 */
#include "report.h"

#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define STAMP 40

static const struct quantile {
	const char *name;
	double q;
} quantiles[] = {
	{ "p50", 0.5 },
	{ "p90", 0.9 },
	{ "p99", 0.99 },
	{ "p99_9", 0.999 },
	{ "max", 1 },
};

#define NQUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

/* A time of CLOCK_MONOTONIC as RFC 3339. */
static const char *
stamp(int64_t ns, char buf[static STAMP])
{
	struct timespec mono, real;
	int64_t at;
	time_t seconds;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	at = ns + (real.tv_sec - mono.tv_sec) * 1000000000LL + real.tv_nsec -
	    mono.tv_nsec;
	seconds = at / 1000000000;
	gmtime_r(&seconds, &tm);
	n = strftime(buf, STAMP, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, STAMP - n, ".%06lldZ",
	    (long long)(at % 1000000000 / 1000));
	return buf;
}

static double
us(int64_t ns)
{
	return (double)ns / 1e3;
}

static double
ms(int64_t ns)
{
	return (double)ns / 1e6;
}

/* Put a time into JSON: NAME_ns for programs, NAME for people. */
static void
set_time(json_t *to, const char *name, int64_t ns)
{
	char key[TALLY_NAME + 4], text[STAMP];

	snprintf(key, sizeof(key), "%s_ns", name);
	if (ns == 0) {
		json_object_set_new(to, key, json_null());
		json_object_set_new(to, name, json_null());
		return;
	}
	json_object_set_new(to, key, json_integer(ns));
	json_object_set_new(to, name, json_string(stamp(ns, text)));
}

static json_t *
latency_json(const struct histogram *h)
{
	json_t *o = json_pack("{s:I}", "count", (json_int_t)h->count);
	size_t i;

	for (i = 0; i < NQUANTILES; i++)
		json_object_set_new(o, quantiles[i].name,
		    json_real(us(histogram_quantile(h, quantiles[i].q))));
	return o;
}

/* Of one phase or, if it is NULL, of all; of the kinds in this range. */
static void
merge(const struct tally *t, const struct phase *only, enum kind from,
    enum kind to, struct histogram *into)
{
	unsigned int i;
	enum kind kind;

	*into = (struct histogram){ 0 };
	for (i = 0; i < t->nphases; i++)
		for (kind = from; kind <= to; kind++)
			if (only == NULL || only == t->phases[i])
				histogram_merge(
				    into, &t->phases[i]->latency[kind]);
}

static json_t *
outcomes_json(const uint64_t outcomes[NOUTCOMES])
{
	json_t *o = json_object();
	enum outcome i;

	for (i = 0; i < NOUTCOMES; i++)
		json_object_set_new(
		    o, outcome_names[i], json_integer((json_int_t)outcomes[i]));
	return o;
}

static json_t *
kinds_json(const struct tally *t)
{
	json_t *kinds = json_object(), *o;
	struct histogram h;
	enum kind kind;

	for (kind = 0; kind < NKINDS; kind++) {
		merge(t, NULL, kind, kind, &h);
		o = outcomes_json(t->outcomes[kind]);
		json_object_set_new(o, "latency_us", latency_json(&h));
		json_object_set_new(kinds, kind_names[kind], o);
	}
	return kinds;
}

static json_t *
phases_json(const struct tally *t)
{
	json_t *phases = json_object(), *o;
	const struct phase *p;
	struct histogram h;
	unsigned int i;

	for (i = 0; i < t->nphases; i++) {
		p = t->phases[i];
		o = outcomes_json(p->outcomes);
		merge(t, p, KIND_NEW, KIND_KEPT, &h);
		json_object_set_new(o, "spans", json_integer(p->spans));
		json_object_set_new(o, "ms", json_real(ms(p->spent)));
		json_object_set_new(o, "latency_us", latency_json(&h));
		json_object_set_new(phases, p->name, o);
	}
	return phases;
}

static json_t *
generations_json(const struct tally *t)
{
	json_t *array = json_array(), *o;
	const struct generation *g;
	enum kind kind;

	for (g = t->generations; g < t->generations + t->ngenerations; g++) {
		o = json_pack("{s:I,s:s,s:I,s:I}", "generation",
		    (json_int_t)g->number, "version", g->version, "answers",
		    (json_int_t)g->answers, "ok", (json_int_t)g->ok);
		for (kind = 0; kind < NKINDS; kind++)
			json_object_set_new(o, kind_names[kind],
			    json_integer((json_int_t)g->kinds[kind]));
		set_time(o, "first", g->first);
		set_time(o, "last", g->last);
		set_time(o, "first_answer", g->first_answer);
		set_time(o, "last_answer", g->last_answer);
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *
marks_json(const struct tally *t)
{
	json_t *array = json_array(), *o;
	size_t i;

	for (i = 0; i < t->nmarks; i++) {
		o = json_pack("{s:s}", "name", t->marks[i].name);
		set_time(o, "at", t->marks[i].at);
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *
failures_json(const struct tally *t)
{
	json_t *array = json_array(), *o;
	const struct result *r;
	size_t i;

	for (i = 0; i < t->nfailures; i++) {
		r = &t->failures[i];
		o = json_pack("{s:s,s:s,s:s,s:s,s:f}", "kind",
		    kind_names[r->kind], "outcome", outcome_names[r->outcome],
		    "detail", r->detail, "phase", t->phases[r->phase]->name,
		    "ms", ms(r->ended - r->due));
		set_time(o, "at", r->ended);
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *
sources_json(const struct tally *t)
{
	unsigned int i, used = 0, moved = 0, most = 0;

	for (i = 0; i < t->nsources; i++) {
		used += t->sources[i].answers > 0;
		moved += t->sources[i].moves > 0;
		most = MAX(most, t->sources[i].moves);
	}
	return json_pack("{s:i,s:i,s:i}", "answered", (int)used, "moved",
	    (int)moved, "most_moves", (int)most);
}

static json_t *
cpu_json(const struct options *o, const struct tally *t)
{
	struct rusage usage;
	double user, system;

	getrusage(RUSAGE_SELF, &usage);
	user = (double)usage.ru_utime.tv_sec * 1e3 +
	    (double)usage.ru_utime.tv_usec / 1e3;
	system = (double)usage.ru_stime.tv_sec * 1e3 +
	    (double)usage.ru_stime.tv_usec / 1e3;
	return json_pack("{s:f,s:f,s:f,s:i,s:b}", "user_ms", user, "system_ms",
	    system, "percent", (user + system) * 100 / ms(t->ended - t->began),
	    "core", sched_getcpu(), "pinned", o->cpu >= 0);
}

static json_t *
reconnects_json(const struct tally *t)
{
	json_t *o = json_object();
	uint64_t total = 0;
	enum reconnect i;

	for (i = 0; i < NRECONNECTS; i++) {
		total += t->reconnects[i];
		json_object_set_new(o, reconnect_names[i],
		    json_integer((json_int_t)t->reconnects[i]));
	}
	json_object_set_new(o, "total", json_integer((json_int_t)total));
	return o;
}

static json_t *
report(const struct options *o, const struct tally *t)
{
	uint64_t totals[NOUTCOMES], failures = tally_failures(t);
	json_t *json = json_pack("{s:s}", "target", o->target);
	struct histogram h;
	enum outcome i;

	for (i = 0; i < NOUTCOMES; i++)
		totals[i] = tally_count(t, i);
	merge(t, NULL, KIND_NEW, KIND_KEPT, &h);
	set_time(json, "began", t->began);
	set_time(json, "ended", t->ended);
	json_object_set_new(
	    json, "duration_ms", json_real(ms(t->ended - t->began)));
	json_object_set_new(json, "requests",
	    json_integer(
		(json_int_t)totals[OUTCOME_OK] + (json_int_t)failures));
	json_object_set_new(
	    json, "failures", json_integer((json_int_t)failures));
	json_object_update_new(json, outcomes_json(totals));
	json_object_set_new(json, "kinds", kinds_json(t));
	json_object_set_new(json, "reconnects", reconnects_json(t));
	json_object_set_new(json, "latency_us", latency_json(&h));
	json_object_set_new(json, "gap",
	    json_pack("{s:f,s:I}", "ms", ms(t->gap), "from_ns",
		(json_int_t)t->gap_at));
	json_object_set_new(json, "late",
	    json_pack("{s:I,s:f}", "count", (json_int_t)t->late, "max_ms",
		ms(t->latest)));
	json_object_set_new(json, "phases", phases_json(t));
	json_object_set_new(json, "generations", generations_json(t));
	json_object_set_new(json, "marks", marks_json(t));
	json_object_set_new(json, "failed", failures_json(t));
	json_object_set_new(json, "sources", sources_json(t));
	json_object_set_new(json, "cpu", cpu_json(o, t));
	return json;
}

void
report_json(const struct options *o, const struct tally *t)
{
	json_t *json = report(o, t);

	json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(json);
}

int
report_file(const struct options *o, const struct tally *t, const char *path)
{
	json_t *json = report(o, t);
	char *temporary;
	int result = -1;

	if (asprintf(&temporary, "%s.%d", path, getpid()) != -1) {
		result = json_dump_file(
		    json, temporary, JSON_COMPACT | JSON_REAL_PRECISION(9));
		if (result == 0)
			result = rename(temporary, path);
		free(temporary);
	}
	json_decref(json);
	return result;
}

static void
latency_line(const char *name, const struct histogram *h)
{
	size_t i;

	printf("%-12s%10llu", name, (unsigned long long)h->count);
	for (i = 0; i < NQUANTILES; i++)
		printf("%10.3f", ms(histogram_quantile(h, quantiles[i].q)));
	printf("\n");
}

static void
outcome_table(const struct tally *t)
{
	enum kind kind;
	enum outcome i;

	printf("%-12s", "requests");
	for (i = 0; i < NOUTCOMES; i++)
		printf("%10s", outcome_names[i]);
	for (kind = 0; kind < NKINDS; kind++) {
		printf("\n%-12s", kind_names[kind]);
		for (i = 0; i < NOUTCOMES; i++)
			printf(
			    "%10llu", (unsigned long long)t->outcomes[kind][i]);
	}
	printf("\n\n");
}

void
report_human(const struct options *o, const struct tally *t)
{
	const struct generation *g;
	struct histogram h;
	unsigned int i;

	outcome_table(t);
	printf("%-12s%10s", "latency, ms", "ok");
	for (i = 0; i < NQUANTILES; i++)
		printf("%10s", quantiles[i].name);
	printf("\n");
	merge(t, NULL, KIND_NEW, KIND_KEPT, &h);
	latency_line("all", &h);
	for (i = 0; i < t->nphases; i++) {
		merge(t, t->phases[i], KIND_NEW, KIND_KEPT, &h);
		latency_line(t->phases[i]->name, &h);
	}
	printf("\n%-12s%10s%10s\n", "generation", "version", "answers");
	for (g = t->generations; g < t->generations + t->ngenerations; g++)
		printf("%-12u%10s%10llu\n", g->number, g->version,
		    (unsigned long long)g->answers);
	printf("\nlongest time without an answer: %.3f ms\n", ms(t->gap));
}
