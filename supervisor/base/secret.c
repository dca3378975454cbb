/* SPDX-License-Identifier: ISC */
/*
 * A URL in a text begins at `://` and ends with a space.
 */
#include "base/secret.h"

#include <stddef.h>
#include <string.h>

/* Remove n bytes at this place. */
static void
cut(char *place, size_t n)
{
	memmove(place, place + n, strlen(place + n) + 1);
}

/* The length of the rest of a URL. */
static size_t
measure(const char *rest)
{
	size_t n = strcspn(rest, " \t\n\"");

	while (n > 0 && strchr(":;,", rest[n - 1]) != NULL)
		n--;
	return n;
}

void
secret_hide(char *text)
{
	char *url = text, *at;
	size_t n;

	while ((url = strstr(url, "://")) != NULL) {
		url += strlen("://");
		n = strcspn(url, "/?# \t\n\"");
		if ((at = memrchr(url, '@', n)) != NULL)
			cut(url, (size_t)(at + 1 - url));
		n = strcspn(url, "?# \t\n\"");
		if (url[n] == '?' || url[n] == '#')
			cut(url + n, measure(url + n));
	}
}
