/* SPDX-License-Identifier: ISC */
/*
 * What is kept of a rollout: its size has a limit, and what matters stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/chronicle.h"
#include "rollout/summary.h"

/* The list with this name, borrowed as long as all lives. */
static size_t
read_list(const struct chronicle *chronicle, const char *name, json_t **all,
    const json_t **list)
{
	*all = chronicle_json(chronicle);
	*list = json_object_get(*all, name);
	return json_array_size(*list);
}

static json_int_t
number(const json_t *list, size_t i, const char *key)
{
	return json_integer_value(
	    json_object_get(json_array_get(list, i), key));
}

static void
checks_of_a_long_rollout_are_thinned_out_evenly(void **state)
{
	struct chronicle chronicle = { 0 };
	const json_t *list;
	size_t n, i, of_each[3] = { 0 };
	json_t *all;
	int k;

	chronicle_begin(&chronicle, 0);
	for (k = 0; k < 9000; k++)
		chronicle_check(&chronicle, 2, (size_t)k % 3, k, true, "200");
	n = read_list(&chronicle, "checks", &all, &list);
	assert_in_range(n, 40, 96);
	for (i = 0; i < n; i++)
		of_each[number(list, i, "check")]++;
	for (i = 0; i < 3; i++)
		assert_in_range(of_each[i], n / 3 - 2, n / 3 + 2);
	assert_int_equal(number(list, 0, "at"), 0);
	assert_int_equal(
	    json_integer_value(json_object_get(all, "checks_made")), 9000);
	json_decref(all);
	chronicle_fini(&chronicle);
}

static void
failures_among_many_checks_stay(void **state)
{
	struct chronicle chronicle = { 0 };
	const json_t *list;
	size_t n, i, failures = 0;
	json_t *all;
	int k;

	chronicle_begin(&chronicle, 0);
	for (k = 0; k < 5000; k++)
		chronicle_check(&chronicle, 2, 0, k, k % 1000 != 500, "answer");
	n = read_list(&chronicle, "checks", &all, &list);
	for (i = 0; i < n; i++)
		failures += json_is_false(
		    json_object_get(json_array_get(list, i), "passed"));
	assert_int_equal(failures, 5);
	assert_int_equal(
	    json_integer_value(json_object_get(all, "checks_failed")), 5);
	json_decref(all);
	/* Also where nothing else happens. */
	for (k = 0; k < 5000; k++)
		chronicle_check(&chronicle, 2, 0, k, false, "answer");
	assert_in_range(read_list(&chronicle, "checks", &all, &list), 1, 96);
	json_decref(all);
	chronicle_fini(&chronicle);
}

static void
of_many_events_the_first_and_the_last_stay(void **state)
{
	struct chronicle chronicle = { 0 };
	const json_t *list;
	json_t *all, *event;
	size_t n;
	int k;

	chronicle_begin(&chronicle, 0);
	for (k = 0; k < 500; k++) {
		event = json_pack("{si}", "number", k);
		chronicle_event(&chronicle, event);
		json_decref(event);
	}
	n = read_list(&chronicle, "events", &all, &list);
	assert_in_range(n, 50, 96);
	assert_int_equal(number(list, 0, "number"), 0);
	assert_int_equal(number(list, 40, "number"), 40);
	assert_int_equal(number(list, n - 1, "number"), 499);
	json_decref(all);
	chronicle_fini(&chronicle);
}

static void
nothing_is_noted_between_rollouts(void **state)
{
	const struct asker nobody = { 0 };
	struct chronicle chronicle = { 0 };
	const json_t *list;
	json_t *all;

	chronicle_begin(&chronicle, 0);
	chronicle_fini(&chronicle);
	chronicle_check(&chronicle, 2, 0, 0, true, "200");
	chronicle_count(&chronicle, 5, 1, 2);
	chronicle_ask(&chronicle, "promote", &nobody);
	chronicle_unask(&chronicle);
	assert_int_equal(read_list(&chronicle, "checks", &all, &list), 0);
	assert_null(json_object_get(all, "asked"));
	assert_null(json_object_get(all, "counts"));
	json_decref(all);
	chronicle_fini(&chronicle);
}

static void
a_successor_goes_on_with_what_was_handed_over(void **state)
{
	const struct asker root = { "control socket", 0 };
	struct chronicle before = { 0 }, after = { 0 };
	const json_t *list;
	json_t *saved, *all, *events;

	chronicle_begin(&before, 0);
	chronicle_begin(&after, 0);
	chronicle_ask(&before, "upgrade", &root);
	chronicle_check(&before, 2, 0, 0, true, "200");
	saved = chronicle_json(&before);
	chronicle_restore(&after, saved);
	json_decref(saved);
	chronicle_check(&after, 2, 0, 0, true, "200");
	assert_int_equal(read_list(&after, "checks", &all, &list), 2);
	assert_int_equal(
	    json_integer_value(json_object_get(all, "checks_made")), 2);
	json_decref(all);

	/* After a crash the events come from their log: those of the rollout.
	 */
	events = json_pack("[{ss} {ss}]", "time", "2026-01-01T23:59:59.999Z",
	    "time", "2026-01-02T00:00:00.001Z");
	chronicle_recall(&after, events, "2026-01-02T00:00:00.000Z");
	json_decref(events);
	assert_int_equal(read_list(&after, "events", &all, &list), 1);
	json_decref(all);
	chronicle_fini(&before);
	chronicle_fini(&after);
}

/* CHOICE */

static void
expect_choice(const char *which, const char *expected)
{
	json_t *summaries = json_pack("[{ss si ss} {ss si ss} {ss si ss}]",
	    "started", "2026-01-02T10:00:00.100Z", "to", 7, "id", "a",
	    "started", "2026-01-02T11:00:00.200Z", "to", 8, "id", "b",
	    "started", "2026-01-02T12:00:00.300Z", "to", 7, "id", "c");
	json_t *outcomes = json_pack("[{ss si} {ss si}]", "started",
	    "2026-01-01T09:00:00.000Z", "to", 6, "started",
	    "2026-01-02T12:00:00.300Z", "to", 7);
	json_t *found = summary_pick(summaries, outcomes, which);
	const char *started =
	    json_string_value(json_object_get(found, "started"));

	if (expected == NULL)
		assert_null(found);
	else
		assert_string_equal(started, expected);
	json_decref(found);
	json_decref(outcomes);
	json_decref(summaries);
}

static void
a_rollout_is_named_by_generation_time_or_id(void **state)
{
	expect_choice(NULL, "2026-01-02T12:00:00.300Z");
	expect_choice("7", "2026-01-02T12:00:00.300Z");
	expect_choice("8", "2026-01-02T11:00:00.200Z");
	expect_choice("6", "2026-01-01T09:00:00.000Z");
	expect_choice("b", "2026-01-02T11:00:00.200Z");
	expect_choice("2026-01-02T11:00:00Z", "2026-01-02T11:00:00.200Z");
	expect_choice("2026-01-02T11:00:00.200Z", "2026-01-02T11:00:00.200Z");
	expect_choice("2026-01-02", "2026-01-02T12:00:00.300Z");
	expect_choice("2026-01-01", "2026-01-01T09:00:00.000Z");
	expect_choice("9", NULL);
	expect_choice("2026-01-03", NULL);
	expect_choice("", NULL);
	expect_choice("Z", NULL);
	expect_choice("99999999999999999999", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    checks_of_a_long_rollout_are_thinned_out_evenly),
		cmocka_unit_test(failures_among_many_checks_stay),
		cmocka_unit_test(of_many_events_the_first_and_the_last_stay),
		cmocka_unit_test(nothing_is_noted_between_rollouts),
		cmocka_unit_test(a_successor_goes_on_with_what_was_handed_over),
		cmocka_unit_test(a_rollout_is_named_by_generation_time_or_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
