/* SPDX-License-Identifier: ISC */
/*
 * Compares two documents, and repeats what was found.
 */
#include "keep/patch.h"

#include <errno.h>
#include <stdbool.h>

#define NEAR 16 /* elements */

static json_t *
replace(const json_t *to)
{
	return json_pack("{sO}", "=", to);
}

/* Add what has changed of a member or element; null changes nothing. */
static int
note(json_t *patch, json_t *into, const char *name)
{
	if (patch == NULL)
		return -1;
	if (!json_is_null(patch))
		return json_object_set_new(into, name, patch);
	json_decref(patch);
	return 0;
}

/* *Steals* all. */
static json_t *
pack_members(json_t *set, json_t *del, int failed)
{
	json_t *patch = NULL;

	if (failed == 0 && json_object_size(set) + json_array_size(del) == 0)
		patch = json_null();
	else if (failed == 0)
		patch = json_pack("{sO sO}", "set", set, "del", del);
	json_decref(set);
	json_decref(del);
	return patch;
}

static json_t *
compare_members(const json_t *from, const json_t *to)
{
	json_t *set = json_object(), *del = json_array(), *value, *before;
	const char *name;
	int failed = 0;

	json_object_foreach ((json_t *)to, name, value) {
		before = json_object_get(from, name);
		failed |= note(
		    before == NULL ? replace(value) : patch_make(before, value),
		    set, name);
	}
	json_object_foreach ((json_t *)from, name, value)
		if (json_object_get(to, name) == NULL)
			failed |= json_array_append_new(del, json_string(name));
	return pack_members(set, del, failed);
}

/* The steps of a list; a run of elements that stay or go is one number. */
struct steps {
	json_t *list;
	json_int_t run;
	int failed;
};

static void
end_run(struct steps *steps)
{
	if (steps->run != 0)
		steps->failed |= json_array_append_new(
		    steps->list, json_integer(steps->run));
	steps->run = 0;
}

/* n is 1 for an element that stays, -1 for one that goes. */
static void
run(struct steps *steps, int n)
{
	if ((steps->run < 0) != (n < 0))
		end_run(steps);
	steps->run += n;
}

/* *Steals* the step; null: the element stays. */
static void
step(struct steps *steps, json_t *one)
{
	if (json_is_null(one)) {
		run(steps, 1);
		return;
	}
	end_run(steps);
	steps->failed |= json_array_append_new(steps->list, one);
}

/* Is it the same element?  One that differs may still be a changed one. */
static bool
is_same(const json_t *from, size_t i, const json_t *to, size_t j)
{
	const json_t *a = json_array_get(from, i), *b = json_array_get(to, j);

	return a != NULL &&
	    (a == b || (!json_is_object(a) && json_equal(a, b)));
}

/*
 * How many elements of from are to go before the next one of to: those before
 * the same element, if it is near, or among those by which from is longer.
 */
static size_t
count_gone(const json_t *from, size_t i, const json_t *to, size_t j)
{
	size_t left = json_array_size(from) - i, next = json_array_size(to) - j;
	size_t n, most = left > next + NEAR ? left - next : NEAR;

	for (n = 0; n < left && n <= most; n++)
		if (is_same(from, i + n, to, j))
			return n;
	return 0;
}

static json_t *
compare_lists(const json_t *from, const json_t *to)
{
	struct steps steps = { .list = json_array() };
	size_t i = 0, j, gone, n = json_array_size(from);

	for (j = 0; j < json_array_size(to); j++) {
		for (gone = count_gone(from, i, to, j); gone > 0; gone--, i++)
			run(&steps, -1);
		if (i == n)
			step(&steps,
			    json_pack("{sO}", "+", json_array_get(to, j)));
		else if (is_same(from, i, to, j))
			run(&steps, 1);
		else
			step(&steps,
			    patch_make(json_array_get(from, i),
				json_array_get(to, j)));
		i += i < n;
	}
	for (; i < n; i++)
		run(&steps, -1);
	if (steps.run < 0)
		end_run(&steps);
	if (steps.failed == 0 && json_array_size(steps.list) == 0) {
		json_decref(steps.list);
		return json_null();
	}
	if (steps.failed == 0)
		return json_pack("{so}", "list", steps.list);
	json_decref(steps.list);
	return NULL;
}

json_t *
patch_make(const json_t *from, const json_t *to)
{
	json_t *patch;

	if (from == to)
		return json_null();
	if (json_is_object(from) && json_is_object(to))
		patch = compare_members(from, to);
	else if (json_is_array(from) && json_is_array(to))
		patch = compare_lists(from, to);
	else
		patch = json_equal(from, to) ? json_null() : replace(to);
	if (patch == NULL)
		errno = ENOMEM;
	return patch;
}

/* APPLY */

static int
apply_members(json_t *document, const json_t *patch)
{
	json_t *one, *value;
	const char *name;
	size_t i;

	json_object_foreach (json_object_get(patch, "set"), name, one) {
		value = json_incref(json_object_get(document, name));
		value = patch_apply(value, one);
		if (value == NULL ||
		    json_object_set_new(document, name, value) == -1)
			return -1;
	}
	json_array_foreach (json_object_get(patch, "del"), i, one)
		if (!json_is_string(one) ||
		    json_object_del(document, json_string_value(one)) == -1)
			return -1;
	return 0;
}

/* Leave or remove elements; *at is where the next step begins. */
static int
apply_run(json_t *list, size_t *at, json_int_t n)
{
	size_t size = json_array_size(list);

	if (n > 0 && (size_t)n <= size - *at) {
		*at += (size_t)n;
		return 0;
	}
	if (n >= 0 || n < -(json_int_t)(size - *at))
		return -1;
	for (; n < 0; n++)
		json_array_remove(list, *at);
	return 0;
}

static int
apply_step(json_t *list, size_t *at, const json_t *one)
{
	json_t *value = json_object_get(one, "+");

	if (json_is_integer(one))
		return apply_run(list, at, json_integer_value(one));
	if (value != NULL)
		return json_array_insert(list, (*at)++, value);
	value = json_incref(json_array_get(list, *at));
	if (value == NULL || (value = patch_apply(value, one)) == NULL)
		return -1;
	return json_array_set_new(list, (*at)++, value);
}

static int
apply_list(json_t *list, const json_t *steps)
{
	size_t i, at = 0;
	json_t *one;

	json_array_foreach (steps, i, one)
		if (apply_step(list, &at, one) == -1)
			return -1;
	return 0;
}

json_t *
patch_apply(json_t *document, const json_t *patch)
{
	json_t *value = json_object_get(patch, "=");
	const json_t *steps = json_object_get(patch, "list");
	int r = -1;

	if (value != NULL) {
		json_decref(document);
		return json_incref(value);
	}
	if (json_is_null(patch))
		return document;
	if (json_is_array(steps) && json_is_array(document))
		r = apply_list(document, steps);
	else if (json_is_object(json_object_get(patch, "set")) &&
	    json_is_object(document))
		r = apply_members(document, patch);
	if (r == 0)
		return document;
	json_decref(document);
	errno = EINVAL;
	return NULL;
}
