/* SPDX-License-Identifier: ISC */
/*
 * What is equal to what was made before is shared, and only that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/describe.h"

struct part {
	const char *name, *rare;
	int number, flag;
	json_int_t large;
	const char *list; /* JSON; NULL: none */
};

static const struct part first = { "web", NULL, 7, 1, INT64_MAX, "[1,[2]]" };

static json_t *
save(const struct part *part, const json_t *before)
{
	return describe(before, "{ss ss* si sb sI so* so}", "name", part->name,
	    "rare", part->rare, "number", part->number, "flag", part->flag,
	    "large", part->large, "list",
	    part->list != NULL ? json_loads(part->list, 0, NULL) : NULL,
	    "empty", json_array());
}

/* Saved after the first one, does it share that, and is it right? */
static void
check(const struct part *part, bool shares)
{
	json_t *before = save(&first, NULL), *after = save(part, before);
	json_t *anew = save(part, NULL);

	assert_non_null(after);
	assert_true(json_equal(after, anew));
	assert_int_equal(after == before, shares);
	json_decref(anew);
	json_decref(after);
	json_decref(before);
}

static void
what_is_equal_is_shared(void **state)
{
	struct part part = first;

	check(&part, true);
	part.list = "[ 1, [ 2 ] ]";
	check(&part, true);
}

static void
each_member_makes_it_another_one(void **state)
{
	const struct part others[] = {
		{ "we", NULL, 7, 1, INT64_MAX, "[1,[2]]" },
		{ "web", "", 7, 1, INT64_MAX, "[1,[2]]" },
		{ "web", NULL, 8, 1, INT64_MAX, "[1,[2]]" },
		{ "web", NULL, 7, 0, INT64_MAX, "[1,[2]]" },
		{ "web", NULL, 7, 1, INT64_MAX - 1, "[1,[2]]" },
		{ "web", NULL, 7, 1, INT64_MAX, "[1,[3]]" },
		{ "web", NULL, 7, 1, INT64_MAX, NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		check(&others[i], false);
}

/* More members, fewer members, and none. */
static void
other_members_make_it_another_one(void **state)
{
	static const char *const texts[] = { "{}", "{\"a\": 1}",
		"{\"a\": 1, \"b\": 2, \"c\": 3}", "{\"a\": 1, \"c\": 2}",
		"{\"a\": 1, \"b\": \"2\"}", "[1, 2]" };
	json_t *before, *after;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		before = json_loads(texts[i], 0, NULL);
		after = describe(before, "{si si}", "a", 1, "b", 2);
		assert_ptr_not_equal(after, before);
		assert_int_equal(json_object_size(after), 2);
		json_decref(before);
		json_decref(after);
	}
}

static void
what_cannot_be_made_is_not_shared(void **state)
{
	json_t *before = save(&first, NULL);
	struct part part = first;

	part.name = "\xff"; /* is not UTF-8 */
	assert_null(save(&part, before));
	part.name = NULL;
	assert_null(save(&part, before));
	json_decref(before);
}

static void
a_copy_is_shared_as_long_as_it_is_equal(void **state)
{
	json_t *live = json_loads("[{\"a\": 1}]", 0, NULL);
	json_t *before = describe_copy(NULL, live), *after;

	assert_ptr_not_equal(before, live);
	after = describe_copy(before, live);
	assert_ptr_equal(after, before);
	json_decref(after);
	json_object_set_new(json_array_get(live, 0), "a", json_integer(2));
	after = describe_copy(before, live);
	assert_true(json_equal(after, live));
	assert_ptr_not_equal(json_array_get(after, 0), json_array_get(live, 0));
	json_decref(after);
	json_decref(before);
	json_decref(live);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_equal_is_shared),
		cmocka_unit_test(each_member_makes_it_another_one),
		cmocka_unit_test(other_members_make_it_another_one),
		cmocka_unit_test(what_cannot_be_made_is_not_shared),
		cmocka_unit_test(a_copy_is_shared_as_long_as_it_is_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
