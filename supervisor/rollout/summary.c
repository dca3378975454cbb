/* SPDX-License-Identifier: ISC */
/*
 * What is kept of a rollout for people who look at it later.
 */
#include "rollout/summary.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/version.h"
#include "config/options.h"
#include "core/service.h"
#include "generation/connections.h"
#include "generation/generations.h"
#include "generation/steering.h"

#define CHECK_NAME   160
#define COUNTED_MAX  16 /* listeners: with more, counting takes too long */
#define EXEC	     "exec:"
#define CHECKS_NAMED 16

/* PLAN */

/*
 * A page is shown to others, so what may be secret is left out: the arguments
 * of a command; the password and the query of a URL.
 */
static void
name_check(char name[static CHECK_NAME], const char *check)
{
	size_t n = strlen(EXEC);

	if (strncmp(check, EXEC, n) != 0) {
		strlcpy(name, check, CHECK_NAME);
		secret_hide(name);
		return;
	}
	n += strspn(check + n, "+ \t");
	snprintf(name, CHECK_NAME, EXEC "%.*s", (int)strcspn(check + n, " \t"),
	    check + n);
}

static json_t *
checks_json(const struct options *options)
{
	json_t *list = json_array();
	char name[CHECK_NAME];
	size_t i;

	for (i = 0; i < CHECKS_NAMED && options->health[i] != NULL; i++) {
		name_check(name, options->health[i]);
		json_array_append_new(list, json_string(name));
	}
	return list;
}

static json_t *
canary_json(const struct options *options)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < options->canary.count; i++)
		json_array_append_new(
		    list, json_integer(options->canary.percent[i]));
	return list;
}

void
summary_begin(struct service *service, const struct asker *by)
{
	static const char *const kinds[] = {
		[RELEASE_FIRST] = "start",
		[RELEASE_UPGRADE] = "upgrade",
		[RELEASE_RESTART] = "restart",
		[RELEASE_ROLLBACK] = "rollback",
	};
	const struct options *options = service->options;
	const char *kind = kinds[service->release.kind];

	if (by != NULL)
		chronicle_ask(&service->release.chronicle, kind, by);
	chronicle_plan(&service->release.chronicle,
	    json_pack("{ss ss so sI sI so sI si si}", "kind", kind, "strategy",
		options->strategy == STRATEGY_EXCLUSIVE ? "exclusive"
							: "rolling",
		"canary", canary_json(options), "step_ms",
		(json_int_t)options->step_ms, "bake_ms",
		(json_int_t)options->bake_ms, "health", checks_json(options),
		"interval_ms", (json_int_t)options->health_interval_ms,
		"passes", (int)options->health_passes, "failures",
		(int)options->health_failures));
}

/* COUNTS */

static uint64_t
count(struct service *service, unsigned int number)
{
	const struct generation *generation = generation_find(service, number);

	return generation != NULL ? steering_given(generation) : 0;
}

json_int_t
summary_count(struct service *service)
{
	struct release *release = &service->release;
	unsigned int from = release->from, to = release->to;
	uint64_t of_from, of_to;

	if (service->kind != KIND_EBPF)
		return 0;
	if (service->nlisteners > COUNTED_MAX)
		return (json_int_t)count(service, from > to ? from : to);
	of_from = count(service, from);
	of_to = count(service, to);
	chronicle_count(
	    &release->chronicle, release->rollout.share, of_from, of_to);
	return (json_int_t)(from > to ? of_from : of_to);
}

/* SUMMARY */

static json_t *
image_json(struct generation *generation)
{
	const struct image *image = generation->image;

	return json_pack("{si ss ss ss si}", "generation",
	    (int)generation->number, "program", image->program.path, "sha256",
	    image->program.sha256, "started", generation->started, "restarts",
	    (int)generation->restarts);
}

/* The images of both generations, those that are still known. */
static json_t *
images_json(struct service *service, unsigned int from, unsigned int to)
{
	json_t *list = json_array();
	struct generation *generation;

	TAILQ_FOREACH (generation, &service->generations, entry)
		if (generation->number == from || generation->number == to)
			json_array_append_new(list, image_json(generation));
	return list;
}

/* An outcome, and all that is known of the present or last rollout. */
static json_t *
describe(struct service *service, const json_t *outcome)
{
	const struct release *release = &service->release;
	json_t *summary = json_copy((json_t *)outcome);
	json_t *chronicle = chronicle_json(&release->chronicle);

	json_object_update(summary, chronicle);
	json_decref(chronicle);
	json_object_set_new(summary, "hotswap", json_string(version_text));
	json_object_set_new(
	    summary, "counted", json_boolean(service->kind == KIND_EBPF));
	json_object_set_new(summary, "images",
	    images_json(service, release->from, release->to));
	return summary;
}

void
summary_keep(struct service *service, const json_t *outcome)
{
	if (journal_append(service->summaries, describe(service, outcome)) ==
	    -1)
		log_debug("the summary of the rollout cannot be written yet");
}

/* How the generations of the rollout are now, those that run. */
static json_t *
present_json(struct service *service, const json_t *summary)
{
	json_int_t from = json_integer_value(json_object_get(summary, "from"));
	json_int_t to = json_integer_value(json_object_get(summary, "to"));
	json_t *list = json_array();
	struct generation *generation;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if ((generation->number != from && generation->number != to) ||
		    generation->program == NULL)
			continue;
		json_array_append_new(list,
		    json_pack("{si ss si si sI}", "generation",
			(int)generation->number, "role",
			role_name(generation->role), "share",
			(int)generation->share, "connections",
			connections_count(generation, NULL), "given",
			(json_int_t)steering_given(generation)));
	}
	return list;
}

/* Of a rollout that is under way, with what is counted now. */
static json_t *
so_far(struct service *service, const json_t *outcome)
{
	struct release *release = &service->release;
	json_t *summary, *counts;

	summary = describe(service, outcome);
	if (service->kind != KIND_EBPF || release->to == 0)
		return summary;
	/* The list itself is that of the chronicle. */
	counts = json_copy(json_object_get(summary, "counts"));
	json_array_append_new(counts,
	    json_pack("{sO si sI sI}", "at",
		json_object_get(outcome, "duration_ms"), "share",
		(int)release->rollout.share, "from",
		(json_int_t)count(service, release->from), "to",
		(json_int_t)count(service, release->to)));
	if (counts != NULL)
		json_object_set_new(summary, "counts", counts);
	return summary;
}

json_t *
summary_find(struct service *service, json_t *now, const char *which)
{
	json_t *summaries = journal_entries(service->summaries);
	json_t *outcomes = journal_entries(service->journal);
	json_t *found;

	if (now != NULL)
		json_array_append_new(summaries, so_far(service, now));
	found = summary_pick(summaries, outcomes, which);
	if (found != NULL)
		json_object_set_new(found, "now", present_json(service, found));
	json_decref(now);
	json_decref(summaries);
	json_decref(outcomes);
	return found;
}

/* CHOICE */

static bool
is_generation(const char *which)
{
	size_t n = strspn(which, "0123456789");

	return which[n] == '\0' && n > 0 && n <= SUMMARY_GENERATION_DIGITS;
}

static const char *
text(const json_t *summary, const char *key)
{
	const char *value = json_string_value(json_object_get(summary, key));

	return value != NULL ? value : "";
}

static bool
is_meant(const json_t *summary, const char *which)
{
	const char *started = text(summary, "started");
	size_t n;

	if (which == NULL)
		return true;
	if (is_generation(which))
		return json_integer_value(json_object_get(summary, "to")) ==
		    atoi(which);
	/* `hotswap history` cuts the milliseconds off, and ends with a Z. */
	n = strlen(which);
	if (n > 0 && which[n - 1] == 'Z' && strcmp(which, started) != 0)
		n--;
	return n > 0 &&
	    (strncmp(started, which, n) == 0 ||
		strcmp(text(summary, "id"), which) == 0);
}

static json_t *
pick(const json_t *list, const char *which)
{
	size_t i = json_array_size(list);
	json_t *summary;

	while (i > 0) {
		summary = json_array_get(list, --i);
		if (is_meant(summary, which))
			return summary;
	}
	return NULL;
}

json_t *
summary_pick(const json_t *summaries, const json_t *outcomes, const char *which)
{
	json_t *summary = pick(summaries, which);
	json_t *outcome = pick(outcomes, which);

	if (summary == NULL ||
	    (outcome != NULL &&
		strcmp(text(outcome, "started"), text(summary, "started")) > 0))
		summary = outcome;
	return json_incref(summary);
}
