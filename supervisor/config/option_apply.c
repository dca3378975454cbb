/* SPDX-License-Identifier: ISC */
/*
 * Options out of JSON.  A value is made text and then read as the command
 * line's text is read, so that the same rules hold for both.
 */
#include "config/option_apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/nearest.h"
#include "config/option_set.h"
#include "config/option_values.h"
#include "config/option.h"

static int
refuse_key(struct option_fault *fault, const char *key, char *why, size_t size)
{
	struct nearest nearest;
	size_t i;

	fault->in_key = true;
	nearest_init(&nearest, key);
	for (i = 0; i < option_count; i++)
		nearest_try(&nearest, option_table[i].name);
	if (nearest.best != NULL)
		snprintf(why, size,
		    "unknown key \"%.64s\"; did you mean \"%s\"?", key,
		    nearest.best);
	else
		snprintf(why, size, "unknown key \"%.64s\"", key);
	return -1;
}

/* The bit of enum option_json for the type of a value. */
static unsigned int
json_shape(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_TRUE:
	case JSON_FALSE:
		return TAKES_BOOLEAN;
	case JSON_STRING:
		return TAKES_STRING;
	case JSON_INTEGER:
		return TAKES_INTEGER;
	case JSON_REAL:
		return TAKES_REAL;
	case JSON_ARRAY:
		return TAKES_LIST;
	default:
		return 0;
	}
}

/* A scalar as it would be written on the command line; *new*. */
static char *
scalar_text(const json_t *value)
{
	if (json_is_string(value))
		return strdup(json_string_value(value));
	/* With 15 digits 0.1 stays 0.1 and does not show its binary form. */
	return memory_text(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}

static int
apply_scalar(struct options *options, const struct option_row *row,
    const json_t *value, char *why, size_t size)
{
	const struct option_ops *ops = &option_kinds[row->kind];
	char *text;
	int status;

	if ((json_shape(value) & ops->takes & ~TAKES_LIST) == 0) {
		snprintf(why, size, "%s: %s", row->name, ops->wants);
		return -1;
	}
	if ((text = scalar_text(value)) == NULL) {
		strlcpy(why, "out of memory", size);
		return -1;
	}
	status = option_set(options, row, text, why, size);
	free(text);
	return status;
}

static int
apply_value(struct options *options, const struct option_row *row,
    const json_t *value, struct option_fault *fault, char *why, size_t size)
{
	const json_t *element;
	size_t i;

	if (row->kind != OPTION_LIST)
		return apply_scalar(options, row, value, why, size);
	if (option_set(options, row, NULL, why, size) == -1)
		return -1;
	if (!json_is_array(value))
		return apply_scalar(options, row, value, why, size);
	json_array_foreach (value, i, element) {
		fault->element = i;
		if (apply_scalar(options, row, element, why, size) == -1)
			return -1;
	}
	return 0;
}

int
options_apply(struct options *options, const json_t *object, const char *except,
    bool for_upgrade, struct option_fault *fault, char *why, size_t size)
{
	const struct option_row *row;
	const char *key;
	json_t *value;

	/* json_object_foreach takes no const object, but changes nothing. */
	json_object_foreach ((json_t *)object, key, value) {
		if (except != NULL && strcmp(key, except) == 0)
			continue;
		*fault = (struct option_fault){ .key = key, .element = -1 };
		if ((row = option_find(key)) == NULL)
			return refuse_key(fault, key, why, size);
		if (for_upgrade && !row->for_upgrade) {
			fault->in_key = true;
			snprintf(why, size,
			    "%s: an upgrade cannot change this option", key);
			return -1;
		}
		if (apply_value(options, row, value, fault, why, size) == -1)
			return -1;
	}
	return 0;
}
