/* SPDX-License-Identifier: ISC */
/*
 * The chronicle.  What there is no memory for is left out.
 */
#include "core/chronicle.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ASKED	   "asked"
#define EVENTS	   "events"
#define CHECKS	   "checks"
#define COUNTS	   "counts"
#define PLAN	   "plan"
#define LIST_MAX   96
#define FIRST_KEPT 64 /* of a list from whose middle entries are left out */
#define INDEX_MAX  32 /* of checks that are thinned out separately */

void
chronicle_begin(struct chronicle *chronicle, int64_t began_ms)
{
	chronicle_fini(chronicle);
	*chronicle =
	    (struct chronicle){ .lists = json_object(), .began_ms = began_ms };
}

void
chronicle_fini(struct chronicle *chronicle)
{
	json_decref(chronicle->lists);
	chronicle->lists = NULL;
}

/* The list, which is made; NULL if no rollout is under way. */
static json_t *
list_of(struct chronicle *chronicle, const char *name)
{
	if (json_object_get(chronicle->lists, name) == NULL)
		json_object_set_new(chronicle->lists, name, json_array());
	return json_object_get(chronicle->lists, name);
}

/* *Steals* the entry; one in the middle makes room for it. */
static void
add(json_t *list, json_t *entry)
{
	if (json_array_size(list) >= LIST_MAX)
		json_array_remove(list, FIRST_KEPT);
	json_array_append_new(list, entry);
}

static json_int_t
age(const struct chronicle *chronicle)
{
	return clock_ms() - chronicle->began_ms;
}

void
chronicle_ask(
    struct chronicle *chronicle, const char *what, const struct asker *asker)
{
	json_t *entry, *list = list_of(chronicle, ASKED);

	if (list == NULL)
		return;
	entry = json_pack("{sI ss}", "at", age(chronicle), "what", what);
	if (asker->how != NULL)
		json_object_set_new(entry, "how", json_string(asker->how));
	if (asker->how != NULL && asker->uid != (uid_t)-1)
		json_object_set_new(entry, "uid", json_integer(asker->uid));
	add(list, entry);
}

void
chronicle_plan(struct chronicle *chronicle, json_t *plan)
{
	/* A plan that was handed over is that of the beginning. */
	if (json_object_get(chronicle->lists, PLAN) == NULL)
		json_object_set(chronicle->lists, PLAN, plan);
	json_decref(plan);
}

void
chronicle_unask(struct chronicle *chronicle)
{
	json_t *list = list_of(chronicle, ASKED);

	if (json_array_size(list) > 0)
		json_array_remove(list, json_array_size(list) - 1);
}

void
chronicle_event(struct chronicle *chronicle, json_t *event)
{
	json_t *list = list_of(chronicle, EVENTS);

	if (list == NULL)
		return;
	add(list, json_incref(event));
	chronicle->events++;
}

static bool
is_failure(const json_t *check)
{
	return !json_is_true(json_object_get(check, "passed"));
}

/*
 * Leave out every second check of each kind; failures only if they alone fill
 * half of the list.
 */
static void
thin_out(json_t *list)
{
	bool leave[INDEX_MAX] = { false }, *it;
	size_t i = 0, failures = 0;
	const json_t *check;
	bool all;

	json_array_foreach (list, i, check)
		failures += is_failure(check);
	all = failures > LIST_MAX / 2;
	i = 0;
	while ((check = json_array_get(list, i)) != NULL) {
		it = &leave[(size_t)json_integer_value(
				json_object_get(check, "check")) %
		    INDEX_MAX];
		if (!all && is_failure(check)) {
			i++;
			continue;
		}
		*it = !*it;
		if (*it)
			i++;
		else
			json_array_remove(list, i);
	}
}

void
chronicle_check(struct chronicle *chronicle, unsigned int generation,
    size_t index, int64_t began_ms, bool passed, const char *why)
{
	json_t *list = list_of(chronicle, CHECKS);

	if (list == NULL)
		return;
	chronicle->checks++;
	chronicle->failed += !passed;
	if (json_array_size(list) >= LIST_MAX)
		thin_out(list);
	json_array_append_new(list,
	    json_pack("{sI si si sI sb ss*}", "at",
		(json_int_t)(began_ms - chronicle->began_ms), "generation",
		(int)generation, "check", (int)index, "ms",
		(json_int_t)(clock_ms() - began_ms), "passed", (int)passed,
		"answer", why));
}

void
chronicle_count(
    struct chronicle *chronicle, unsigned int share, uint64_t from, uint64_t to)
{
	json_t *list = list_of(chronicle, COUNTS);

	if (list != NULL)
		add(list,
		    json_pack("{sI si sI sI}", "at", age(chronicle), "share",
			(int)share, "from", (json_int_t)from, "to",
			(json_int_t)to));
}

json_t *
chronicle_json(const struct chronicle *chronicle)
{
	json_t *all = json_pack("{si si si}", "events_made",
	    (int)chronicle->events, "checks_made", (int)chronicle->checks,
	    "checks_failed", (int)chronicle->failed);

	json_object_update(all, chronicle->lists);
	return all;
}

json_t *
chronicle_asked(const struct chronicle *chronicle)
{
	return json_pack(
	    "{sO*}", ASKED, json_object_get(chronicle->lists, ASKED));
}

static unsigned int
number_of(const json_t *saved, const char *key)
{
	return (unsigned int)json_integer_value(json_object_get(saved, key));
}

void
chronicle_restore(struct chronicle *chronicle, const json_t *saved)
{
	static const char *const names[] = { ASKED, EVENTS, CHECKS, COUNTS };
	json_t *list, *plan = json_object_get(saved, PLAN);
	size_t i;

	json_object_set_new(chronicle->lists, PLAN, json_deep_copy(plan));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		list = json_object_get(saved, names[i]);
		if (json_is_array(list))
			json_object_set_new(
			    chronicle->lists, names[i], json_deep_copy(list));
	}
	chronicle->events = number_of(saved, "events_made");
	chronicle->checks = number_of(saved, "checks_made");
	chronicle->failed = number_of(saved, "checks_failed");
}

void
chronicle_recall(
    struct chronicle *chronicle, const json_t *events, const char *since)
{
	const char *time;
	json_t *event;
	size_t i;

	/* Those that were handed over are all. */
	if (chronicle->events > 0)
		return;
	json_array_foreach (events, i, event) {
		time = json_string_value(json_object_get(event, "time"));
		if (time != NULL && strcmp(time, since) >= 0)
			chronicle_event(chronicle, event);
	}
}
