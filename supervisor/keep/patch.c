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

/*
 * What has changed of the members of an object.  Most objects have not changed,
 * so both parts are made when something is put into them.
 */
struct changes {
	json_t *set, *del;
	int failed;
};

/* *Steals* the patch; null changes nothing. */
static void
note_set(struct changes *changes, const char *name, json_t *patch)
{
	if (json_is_null(patch)) /* the one null there is: nothing to release */
		return;
	if (changes->set == NULL)
		changes->set = json_object();
	changes->failed |= json_object_set_new(changes->set, name, patch);
}

static void
note_del(struct changes *changes, const char *name)
{
	if (changes->del == NULL)
		changes->del = json_array();
	changes->failed |=
	    json_array_append_new(changes->del, json_string(name));
}

/* *Steals* both parts; a build reads a patch only with both. */
static json_t *
pack_changes(const struct changes *changes)
{
	json_t *set = changes->set, *del = changes->del;

	if (changes->failed == 0 && set == NULL && del == NULL)
		return json_null();
	if (changes->failed == 0)
		return json_pack("{so so}", "set",
		    set != NULL ? set : json_object(), "del",
		    del != NULL ? del : json_array());
	json_decref(set);
	json_decref(del);
	return NULL;
}

static json_t *
compare_members(const json_t *from, const json_t *to)
{
	struct changes changes = { .failed = 0 };
	json_t *value, *before;
	const char *name;
	size_t stay = 0;

	json_object_foreach ((json_t *)to, name, value) {
		before = json_object_get(from, name);
		stay += before != NULL;
		note_set(&changes, name,
		    before == NULL ? replace(value)
				   : patch_make(before, value));
	}
	if (stay < json_object_size(from))
		json_object_foreach ((json_t *)from, name, value)
			if (json_object_get(to, name) == NULL)
				note_del(&changes, name);
	return pack_changes(&changes);
}

/*
 * The steps of a list, which is made with the first; a run of elements that
 * stay or go is one number.
 */
struct steps {
	json_t *list;
	json_int_t run;
	int failed;
};

/* *Steals* the step. */
static void
add_step(struct steps *steps, json_t *one)
{
	if (steps->list == NULL)
		steps->list = json_array();
	steps->failed |= json_array_append_new(steps->list, one);
}

static void
end_run(struct steps *steps)
{
	if (steps->run != 0)
		add_step(steps, json_integer(steps->run));
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
	add_step(steps, one);
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
	struct steps steps = { .failed = 0 };
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
	if (steps.failed == 0 && steps.list == NULL)
		return json_null();
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
