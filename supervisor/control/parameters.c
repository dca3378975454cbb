/* SPDX-License-Identifier: ISC */
/*
 * The parameters of a call, by name and type.
 */
#include "control/parameters.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "control/call.h"
#include "core/release.h"

#define INVALID_PARAMETER "org.varlink.service.InvalidParameter"

void
parameter_refuse(struct call *call, const char *parameter)
{
	call_error(
	    call, INVALID_PARAMETER, json_pack("{ss}", "parameter", parameter));
}

bool
parameter_string(struct call *call, const char *name, const char **value)
{
	const json_t *v = json_object_get(call_parameters(call), name);

	*value = NULL;
	if (v == NULL || json_is_null(v))
		return true;
	*value = json_string_value(v);
	if (*value == NULL)
		parameter_refuse(call, name);
	return *value != NULL;
}

bool
parameter_bool(struct call *call, const char *name, bool *value)
{
	const json_t *v = json_object_get(call_parameters(call), name);

	if (v == NULL || json_is_null(v))
		return true;
	if (!json_is_boolean(v)) {
		/* The reply releases v. */
		parameter_refuse(call, name);
		return false;
	}
	*value = json_is_true(v);
	return true;
}

bool
parameter_number(struct call *call, const char *name, unsigned int *value)
{
	const json_t *v = json_object_get(call_parameters(call), name);

	if (v == NULL || json_is_null(v))
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    json_integer_value(v) > INT_MAX) {
		parameter_refuse(call, name);
		return false;
	}
	*value = (unsigned int)json_integer_value(v);
	return true;
}

/* Are these one string at least, and nothing else? */
static bool
are_strings(const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (!json_is_string(item))
			return false;
	return json_array_size(list) > 0;
}

/* *New*, as strings_free releases it; NULL without memory. */
static char **
copy_strings(const json_t *list)
{
	const char **borrowed =
	    calloc(json_array_size(list) + 1, sizeof(*borrowed));
	const json_t *item;
	char **copy;
	size_t i;

	if (borrowed == NULL)
		return NULL;
	json_array_foreach (list, i, item)
		borrowed[i] = json_string_value(item);
	copy = strings_copy((char *const *)borrowed);
	free(borrowed);
	return copy;
}

bool
parameter_strings(struct call *call, const char *name, char ***value)
{
	const json_t *v = json_object_get(call_parameters(call), name);

	*value = NULL;
	if (v == NULL || json_is_null(v))
		return true;
	if (!are_strings(v))
		parameter_refuse(call, name);
	else if ((*value = copy_strings(v)) == NULL)
		call_fail(call, "Failed", "out of memory");
	return *value != NULL;
}

bool
parameter_id(struct call *call, const char **id)
{
	if (!parameter_string(call, "id", id))
		return false;
	if (*id == NULL || strlen(*id) < RELEASE_ID)
		return true;
	parameter_refuse(call, "id");
	return false;
}
