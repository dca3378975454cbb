/* SPDX-License-Identifier: ISC */
#include "fleet/names.h"

#include <string.h>

bool
names_is_valid(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._+-";
	size_t n = strlen(name);

	return n > 0 && n <= NAMES_MAX && strchr("._+-", name[0]) == NULL &&
	    strspn(name, allowed) == n;
}
