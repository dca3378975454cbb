/* SPDX-License-Identifier: ISC */
/*
 * A patch makes the second of two documents of the first, whatever they are; it
 * is small if little has changed; a patch that does not fit is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keep/patch.h"

static json_t *
parse(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(json);
	return json;
}

static void
check(json_t *from, json_t *to)
{
	json_t *patch = patch_make(from, to), *made, *copy;

	assert_non_null(patch);
	/* The document before is not looked at again, nor the documents'. */
	copy = json_deep_copy(patch);
	made = patch_apply(json_deep_copy(from), copy);
	assert_non_null(made);
	assert_true(json_equal(made, to));
	assert_int_equal(json_is_null(patch), json_equal(from, to));
	json_decref(made);
	json_decref(copy);
	json_decref(patch);
}

/* A document of some depth; parts of pool are in it as they are. */
static json_t *
invent(json_t *pool, int depth)
{
	int n = rand() % 6, kind = rand() % 6;
	json_t *value;
	char name[2] = "a";

	if (depth == 0 || kind == 0)
		return rand() % 4 == 0 ? json_null() : json_integer(rand() % 3);
	if (kind == 1 && json_array_size(pool) > 0)
		return json_incref(json_array_get(
		    pool, (size_t)rand() % json_array_size(pool)));
	if (kind % 2 == 0) {
		value = json_object();
		for (; n > 0; n--) {
			name[0] = (char)('a' + rand() % 6);
			json_object_set_new(
			    value, name, invent(pool, depth - 1));
		}
	} else {
		value = json_array();
		for (; n > 0; n--)
			json_array_append_new(value, invent(pool, depth - 1));
	}
	if (rand() % 3 == 0 && json_array_size(pool) < 50)
		json_array_append(pool, value);
	return value;
}

static void
it_makes_the_second_of_the_first(void **state)
{
	json_t *pool = json_array(), *from, *to;
	int i;

	srand(1);
	for (i = 0; i < 20000; i++) {
		from = invent(pool, 4);
		to = invent(pool, 4);
		check(from, to);
		check(from, from);
		json_decref(from);
		json_decref(to);
	}
	json_decref(pool);
}

static json_t *
list_of(size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list,
		    json_pack("{si s[iii]}", "n", (int)i, "more", 1, 2, 3));
	return list;
}

/* Elements that stay are shared by both lists, as the listeners are. */
static size_t
size_of_patch(json_t *from, json_t *to)
{
	json_t *patch = patch_make(from, to);
	char *text = json_dumps(patch, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t len = strlen(text);

	check(from, to);
	free(text);
	json_decref(patch);
	return len;
}

static void
it_is_small_if_little_has_changed(void **state)
{
	json_t *from = list_of(1000), *to;

	to = json_copy(from);
	json_array_append_new(to, parse("{\"n\": 1}"));
	assert_true(size_of_patch(from, to) < 100);
	json_array_remove(to, 0);
	assert_true(size_of_patch(from, to) < 100);
	json_array_remove(to, 500);
	json_array_remove(to, 500);
	assert_true(size_of_patch(from, to) < 100);
	json_array_set_new(to, 700, parse("{\"n\": 2}"));
	assert_true(size_of_patch(from, to) < 200);
	json_array_clear(to);
	assert_true(size_of_patch(from, to) < 100);
	json_decref(to);
	json_decref(from);
}

static void
one_that_does_not_fit_is_refused(void **state)
{
	static const char *const patches[] = { "1", "\"text\"", "[]", "{}",
		"{\"list\": [5]}", "{\"list\": [-5]}", "{\"list\": [0]}",
		"{\"list\": [4, {\"=\": 1}]}", "{\"list\": [{}]}",
		"{\"list\": [-9223372036854775808]}", "{\"list\": [null, 4]}",
		"{\"set\": {\"a\": {\"=\": 1}}}", "{\"set\": 1}",
		"{\"list\": 1}", "{\"list\": [\"+\"]}" };
	size_t i;

	for (i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		json_t *patch = parse(patches[i]);

		assert_null(patch_apply(parse("[1, 2, 3, 4]"), patch));
		json_decref(patch);
	}
}

static void
a_member_that_is_not_there_is_not_changed(void **state)
{
	static const char *const patches[] = { "{\"set\": {\"b\": {}}}",
		"{\"set\": {\"b\": {\"list\": [1]}}}",
		"{\"set\": {}, \"del\": [\"b\"]}",
		"{\"set\": {}, \"del\": [1]}" };
	size_t i;

	for (i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		json_t *patch = parse(patches[i]);

		assert_null(patch_apply(parse("{\"a\": 1}"), patch));
		json_decref(patch);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_makes_the_second_of_the_first),
		cmocka_unit_test(it_is_small_if_little_has_changed),
		cmocka_unit_test(one_that_does_not_fit_is_refused),
		cmocka_unit_test(a_member_that_is_not_there_is_not_changed),
	};

	return cmocka_run_group_tests_name("patch", tests, NULL, NULL);
}
