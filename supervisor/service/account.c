/* SPDX-License-Identifier: ISC */
/*
 * The account of what runs: a table of the service's parts, each of which
 * describes itself and is restored from its description.
 */
#include "service/account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/strings.h"
#include "base/version.h"
#include "config/options.h"
#include "control/reexec.h"
#include "core/life.h"
#include "core/service.h"
#include "generation/generation_state.h"
#include "generation/generations.h"
#include "generation/output.h"
#include "generation/roster.h"
#include "keep/checkpoint.h"
#include "rollout/release_state.h"
#include "service/recovery_fields.h"

json_t *
account_first(
    const struct options *options, char *const *program, const char *path)
{
	return json_pack("{si so so s{ss}}", "version", CHECKPOINT_VERSION,
	    "options", options_to_json(options), "first",
	    strings_to_json(program), "reexec", "path", path);
}

static unsigned int
number_of(const struct generation *generation)
{
	return generation != NULL ? generation->number : 0;
}

/*
 * The description of this generation in the list before.  Those of the list
 * that come first, from *at on, were of others, which are gone; NULL: none is.
 */
static const json_t *
saved_before(
    const json_t *list, size_t *at, const struct generation *generation)
{
	const json_t *saved;

	for (; (saved = json_array_get(list, *at)) != NULL; (*at)++)
		if (json_integer_value(json_object_get(saved, "number")) >=
		    generation->number)
			break;
	return saved;
}

static json_t *
save_generations(const struct service *service, const json_t *before)
{
	const struct generation *generation;
	json_t *list = json_array();
	size_t at = 0;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (json_array_append_new(list,
			generation_save(generation,
			    saved_before(before, &at, generation))) == 0)
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

/* The counters of the metrics. */
static json_t *
save_counters(const struct service *service)
{
	return json_pack("{s[III] s[iII] sO*}", "outcomes-ms",
	    (json_int_t)service->outcomes_ms[0],
	    (json_int_t)service->outcomes_ms[1],
	    (json_int_t)service->outcomes_ms[2], "pauses",
	    (int)service->pauses.count, (json_int_t)service->pauses.last_ms,
	    (json_int_t)service->pauses.total_ms, "last", service->last);
}

/* A successor may end before it has gone on with the end. */
static bool
is_ending(const struct service *service)
{
	return service->ending ||
	    json_is_true(
		json_object_get(service->recovery->document, "ending"));
}

static json_t *
describe_all(
    const struct service *service, const json_t *life, const json_t *before)
{
	return json_pack(
	    "{si ss ss so so* ss* si si si s[iii] so* sb si si so so so so so "
	    "so*}",
	    "version", CHECKPOINT_VERSION, "hotswap", version_text, "mark",
	    service->mark, "options", options_to_json(service->options),
	    "program",
	    service->program != NULL ? strings_to_json(service->program) : NULL,
	    "exe", service->exe, "last-number", (int)service->last_number,
	    "active", (int)number_of(service->active), "parked",
	    (int)number_of(service->parked), "outcomes",
	    (int)service->outcomes[0], (int)service->outcomes[1],
	    (int)service->outcomes[2], "counters", save_counters(service),
	    "ending", (int)is_ending(service), "exit-status",
	    service->exit_status, "declared", (int)service->ndeclared,
	    "listeners", roster_save(service), "generations",
	    save_generations(service, json_object_get(before, "generations")),
	    "release",
	    release_save(&service->release, json_object_get(before, "release")),
	    "reexec",
	    reexec_save(service->reexec, json_object_get(before, "reexec")),
	    "output", output_save(service), "life",
	    life != NULL ? life_save(service, life) : NULL);
}

/* A part for which there was no memory is missing, and nobody has said so. */
json_t *
account_describe(
    const struct service *service, const json_t *life, const json_t *before)
{
	unsigned long lacked = memory_lacked();
	json_t *document = describe_all(service, life, before);

	if (document != NULL && memory_lacked() == lacked)
		return document;
	json_decref(document);
	errno = ENOMEM;
	return NULL;
}

/* A document of an older build does not have them. */
static void
restore_counters(struct service *service, const json_t *saved)
{
	json_int_t ms[3], last_ms, total_ms;
	size_t i;
	int n;

	service->last = json_incref(json_object_get(saved, "last"));
	if (json_unpack((json_t *)saved, "{s[III] s[iII]}", "outcomes-ms",
		&ms[0], &ms[1], &ms[2], "pauses", &n, &last_ms,
		&total_ms) == -1)
		return;
	for (i = 0; i < 3; i++)
		service->outcomes_ms[i] = ms[i];
	service->pauses.count = (unsigned int)n;
	service->pauses.last_ms = last_ms;
	service->pauses.total_ms = total_ms;
}

static int
restore_words(struct service *service, const json_t *document)
{
	const json_t *program = json_object_get(document, "program");
	const char *exe = json_string_value(json_object_get(document, "exe"));
	const char *mark = json_string_value(json_object_get(document, "mark"));
	int last, declared, outcomes[3];
	size_t i;

	if (mark != NULL && origin_is_mark(mark))
		strlcpy(service->mark, mark, sizeof(service->mark));
	if (program != NULL &&
	    (service->program = strings_from_json(program)) == NULL)
		return -1;
	if (exe != NULL && (service->exe = strdup(exe)) == NULL)
		return -1;
	if (json_unpack((json_t *)document, "{si s[iii] si si}", "last-number",
		&last, "outcomes", &outcomes[0], &outcomes[1], &outcomes[2],
		"exit-status", &service->exit_status, "declared",
		&declared) == -1)
		return -1;
	restore_counters(service, json_object_get(document, "counters"));
	service->last_number = (unsigned int)last;
	service->ndeclared = (size_t)declared;
	for (i = 0; i < 3; i++)
		service->outcomes[i] = (unsigned int)outcomes[i];
	return 0;
}

static struct generation *
find_generation(
    struct service *service, const json_t *document, const char *key)
{
	return generation_find(service,
	    (unsigned int)json_integer_value(json_object_get(document, key)));
}

static int
restore_generations(struct service *service, const json_t *document)
{
	json_t *saved;
	size_t i;

	json_array_foreach (json_object_get(document, "generations"), i, saved)
		if (generation_restore(service, saved) == NULL)
			return -1;
	service->active = find_generation(service, document, "active");
	service->parked = find_generation(service, document, "parked");
	return 0;
}

int
account_read(
    struct service *service, const json_t *document, char *why, size_t size)
{
	const struct {
		const char *key;
		int (*restore)(struct service *, const json_t *);
	} parts[] = {
		{ NULL, restore_words },
		{ "listeners", roster_restore },
		{ NULL, restore_generations },
		{ "release", release_restore },
		{ "reexec", reexec_restore },
		{ "output", output_restore },
	};
	const json_t *saved;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		saved = parts[i].key == NULL
		    ? document
		    : json_object_get(document, parts[i].key);
		if (parts[i].restore(service, saved) == 0)
			continue;
		snprintf(why, size, "%s: %s",
		    parts[i].key != NULL ? parts[i].key : "generations",
		    strerror(errno));
		return -1;
	}
	return 0;
}

int
account_take_over(
    struct service *service, const json_t *document, char *why, size_t size)
{
	struct generation *generation = TAILQ_FIRST(&service->generations);
	json_t *saved;
	size_t i;

	json_array_foreach (
	    json_object_get(document, "generations"), i, saved) {
		if (generation_take_over(generation, saved) == -1) {
			snprintf(why, size, "generation %u: %s",
			    generation->number, strerror(errno));
			return -1;
		}
		generation = TAILQ_NEXT(generation, entry);
	}
	return 0;
}
