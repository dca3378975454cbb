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

bool
parameter_strings(struct call *call, const char *name, char ***value)
{
	const json_t *v = json_object_get(call_parameters(call), name), *item;
	const char **list;
	size_t i;

	*value = NULL;
	if (v == NULL || json_is_null(v))
		return true;
	list = calloc(json_array_size(v) + 1, sizeof(*list));
	json_array_foreach (v, i, item) {
		if (list == NULL || !json_is_string(item))
			break;
		list[i] = json_string_value(item);
	}
	if (list != NULL && i > 0 && i == json_array_size(v))
		*value = strings_copy((char *const *)list);
	free(list);
	if (*value == NULL)
		parameter_refuse(call, name);
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
