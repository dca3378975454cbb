/* SPDX-License-Identifier: ISC */
/*
 * A set of options: defaults, setting from text and JSON, conversion to JSON.
 * All of it follows the table's rows and knows no option by name.
 */
#include "config/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "config/option_apply.h"
#include "config/option_values.h"

static const void *
const_slot_of(const struct options *options, const struct option_row *row)
{
	return (const char *)options + row->offset;
}

struct options *
options_new(void)
{
	struct options *options;
	char reason[OPTIONS_WHY];
	size_t i;

	if ((options = calloc(1, sizeof(*options))) == NULL)
		return NULL;
	for (i = 0; i < option_count; i++) {
		if (option_set_default(options, &option_table[i], reason,
			sizeof(reason)) == -1)
			goto fail;
	}
	return options;
fail:
	options_free(options);
	return NULL;
}

void
options_free(struct options *options)
{
	const struct option_row *row = option_table;
	size_t i;

	if (options == NULL)
		return;
	for (i = 0; i < option_count; i++, row++)
		option_kinds[row->kind].clear(option_slot(options, row));
	free(options);
}

/* Copied through JSON, which holds all that differs from the defaults. */
struct options *
options_copy(const struct options *options)
{
	struct options *copy = options_new();
	json_t *object = options_to_json(options);
	struct option_fault fault;
	char why[OPTIONS_WHY];

	if (copy == NULL || object == NULL ||
	    options_apply(
		copy, object, NULL, false, &fault, why, sizeof(why)) == -1) {
		options_free(copy);
		copy = NULL;
	}
	json_decref(object);
	return copy;
}

int
options_set_json(struct options *options, const json_t *object,
    bool for_upgrade, const char **key, char *why, size_t size)
{
	struct options *work, old;
	struct option_fault fault;

	*key = NULL;
	if ((work = options_copy(options)) == NULL) {
		strlcpy(why, "out of memory", size);
		return -1;
	}
	if (options_apply(work, object, NULL, for_upgrade, &fault, why, size) ==
	    -1) {
		*key = fault.key;
		options_free(work);
		return -1;
	}
	old = *options;
	*options = *work;
	*work = old;
	options_free(work);
	return 0;
}

const char *
options_owners(const json_t *object)
{
	const struct option_row *row;
	const char *key;
	json_t *value;

	/* json_object_foreach takes no const object, but changes nothing. */
	json_object_foreach ((json_t *)object, key, value)
		if ((row = option_find(key)) != NULL && row->for_upgrade &&
		    !row->for_members)
			return key;
	return NULL;
}

/* The values of all rows, in their order, *new*; null where there is none. */
static json_t *
list_values(const struct options *options)
{
	const struct option_row *row = option_table;
	json_t *list = json_array(), *value;
	size_t i;

	for (i = 0; i < option_count; i++, row++) {
		value = option_kinds[row->kind].json(
		    const_slot_of(options, row), row);
		if (json_array_append_new(
			list, value != NULL ? value : json_null()) == -1) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* The defaults' values, *borrowed*: made once, as they never change. */
static const json_t *
list_defaults(void)
{
	static json_t *list;
	struct options *defaults;

	if (list == NULL && (defaults = options_new()) != NULL) {
		list = list_values(defaults);
		options_free(defaults);
	}
	return list;
}

static json_t *
describe_options(const struct options *options)
{
	const json_t *defaults = list_defaults();
	json_t *object = json_object(), *values = list_values(options), *value;
	bool whole = defaults != NULL && values != NULL && object != NULL;
	size_t i;

	json_array_foreach (values, i, value)
		if (whole && !json_is_null(value) &&
		    !json_equal(value, json_array_get(defaults, i)) &&
		    json_object_set(object, option_table[i].name, value) == -1)
			whole = false;
	json_decref(values);
	if (whole)
		return object;
	json_decref(object);
	return NULL;
}

json_t *
options_to_json(const struct options *options)
{
	json_t **shared = &((struct options *)options)->json, *json;
	unsigned long lacked = memory_lacked();

	if (*shared != NULL)
		return json_incref(*shared);
	json = describe_options(options);
	/* A value for which there was no memory is left out. */
	if (memory_lacked() == lacked)
		*shared = json_incref(json);
	return json;
}

struct options *
options_from_json(const json_t *saved)
{
	struct options *options = options_new();
	char why[OPTIONS_WHY];
	const char *key;

	if (options != NULL &&
	    options_set_json(options, saved, false, &key, why, sizeof(why)) ==
		-1) {
		log_error("checkpoint: %s", why);
		options_free(options);
		options = NULL;
	}
	return options;
}
