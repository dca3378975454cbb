/* SPDX-License-Identifier: ISC */
/*
 * NULL-terminated lists of strings, as argv and environ are.
 */
#include "base/strings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* gcc's analyzer reports a leak for strings in a list of unknown length. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

int
string_copy(const char *string, char **copy)
{
	*copy = string != NULL ? strdup(string) : NULL;
	return string == NULL || *copy != NULL ? 0 : -1;
}

size_t
strings_count(char *const *strings)
{
	size_t n = 0;

	while (strings[n] != NULL)
		n++;
	return n;
}

char **
strings_copy(char *const *strings)
{
	size_t i, n = strings_count(strings);
	char **copy = calloc(n + 1, sizeof(*copy));

	if (copy == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		if ((copy[i] = strdup(strings[i])) == NULL) {
			strings_free(copy);
			return NULL;
		}
	}
	return copy;
}

void
strings_free(char **strings)
{
	char **s;

	for (s = strings; s != NULL && *s != NULL; s++)
		free(*s);
	free(strings);
}

json_t *
strings_to_json(char *const *strings)
{
	json_t *array = json_array();

	for (; *strings != NULL; strings++) {
		if (json_array_append_new(array, json_string(*strings)) == 0)
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

char **
strings_from_json(const json_t *array)
{
	size_t i, n = json_array_size(array);
	char **strings = calloc(n + 1, sizeof(*strings));
	const char *text;

	for (i = 0; i < n && strings != NULL; i++) {
		text = json_string_value(json_array_get(array, i));
		if (text == NULL || (strings[i] = strdup(text)) == NULL) {
			strings_free(strings);
			errno = EINVAL;
			return NULL;
		}
	}
	return strings;
}
