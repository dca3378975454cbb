/* SPDX-License-Identifier: ISC */
/*
 * NULL-terminated lists of strings, as argv and environ are.
 */
#include "base/strings.h"

#include <stdlib.h>
#include <string.h>

/* gcc's analyzer takes for lost what a list of unknown length holds. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

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
