/* SPDX-License-Identifier: ISC */
/*
 * A ledger: what is loaded is what was set, however many names there are; what
 * was saved before does not change any more; a change costs little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keep/ledger.h"
#include "keep/patch.h"

static json_t *
save(const struct ledger *ledger)
{
	json_t *saved = json_object();

	assert_int_equal(ledger_save(ledger, saved, "held", "held-more"), 0);
	return saved;
}

static void
set(struct ledger *ledger, int name, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "n.%d", name);
	assert_int_equal(ledger_set(ledger, text, json_integer(value)), 0);
}

static void
take(struct ledger *ledger, int name)
{
	char text[16];

	snprintf(text, sizeof(text), "n.%d", name);
	ledger_remove(ledger, text);
}

static void
what_was_set_is_loaded(void **state)
{
	json_t *mirror = json_object(), *saved, *loaded;
	struct ledger ledger;
	char text[16];
	int i, name;

	srand(1);
	assert_int_equal(ledger_init(&ledger), 0);
	for (i = 0; i < 5000; i++) {
		name = rand() % 300;
		snprintf(text, sizeof(text), "n.%d", name);
		if (rand() % 3 == 0) {
			take(&ledger, name);
			json_object_del(mirror, text);
		} else {
			set(&ledger, name, i);
			json_object_set_new(mirror, text, json_integer(i));
		}
		if (i % 50 != 0)
			continue;
		saved = save(&ledger);
		loaded = ledger_load(saved, "held", "held-more");
		assert_true(json_equal(loaded, mirror));
		json_decref(loaded);
		json_decref(saved);
	}
	json_decref(mirror);
	ledger_fini(&ledger);
}

/* An older build knows no second member. */
static void
a_few_names_are_one_object(void **state)
{
	struct ledger ledger;
	json_t *saved;
	int i;

	assert_int_equal(ledger_init(&ledger), 0);
	for (i = 0; i < 50; i++)
		set(&ledger, i, i);
	saved = save(&ledger);
	assert_int_equal(json_object_size(json_object_get(saved, "held")), 50);
	assert_null(json_object_get(saved, "held-more"));
	json_decref(saved);
	ledger_fini(&ledger);
}

static void
what_was_saved_stays_and_a_change_is_small(void **state)
{
	json_t *before, *copy, *after, *patch;
	struct ledger ledger;
	char *text;
	int i;

	assert_int_equal(ledger_init(&ledger), 0);
	for (i = 0; i < 2000; i++)
		set(&ledger, i, i);
	before = save(&ledger);
	copy = json_deep_copy(before);
	set(&ledger, 1234, 1);
	set(&ledger, 5000, 1);
	take(&ledger, 77);
	after = save(&ledger);
	assert_true(json_equal(before, copy));
	patch = patch_make(before, after);
	text = json_dumps(patch, JSON_COMPACT);
	assert_true(strlen(text) < 500);
	free(text);
	json_decref(patch);
	json_decref(before);
	json_decref(copy);
	json_decref(after);
	ledger_fini(&ledger);
}

static void
a_name_is_found_by_its_number(void **state)
{
	struct ledger ledger;
	int i;

	assert_int_equal(ledger_init(&ledger), 0);
	for (i = 0; i < 200; i++)
		set(&ledger, i, 1000 + i);
	assert_string_equal(ledger_find(&ledger, "n.", 1150), "n.150");
	assert_null(ledger_find(&ledger, "m.", 1150));
	take(&ledger, 150);
	assert_null(ledger_find(&ledger, "n.", 1150));
	ledger_fini(&ledger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_set_is_loaded),
		cmocka_unit_test(a_few_names_are_one_object),
		cmocka_unit_test(what_was_saved_stays_and_a_change_is_small),
		cmocka_unit_test(a_name_is_found_by_its_number),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
