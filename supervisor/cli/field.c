/* SPDX-License-Identifier: ISC */
/*
 * Fields of what a supervisor has sent.
 */
#include "cli/field.h"

#include <stdio.h>

const char *
field_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

json_int_t
field_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

json_t *
field_object(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_object(value) ? value : NULL;
}

json_t *
field_list(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_array(value) ? value : NULL;
}

void
field_print_line(const json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	putchar('\n');
}

void
field_print_indented(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

const char *
field_serving(char buf[static FIELD_SERVING], const json_t *outcome,
    const char *otherwise)
{
	const char *key =
	    json_object_get(outcome, "serves") != NULL ? "serves" : otherwise;

	if (field_number(outcome, key) == 0)
		return "nothing serves";
	snprintf(buf, FIELD_SERVING, "generation %lld serves",
	    (long long)field_number(outcome, key));
	return buf;
}
