/* SPDX-License-Identifier: ISC */
/*
 * The kind of option that is a list of growing shares: `5,25,50`.
 */
#include "config/option_shares.h"

#include <stdlib.h>
#include <string.h>

/* Read the share at *text, and step behind it.  -1 if there is none. */
static int
read_share(const char **text)
{
	size_t digits = strspn(*text, "0123456789");
	long share;

	if (digits == 0 || digits > 2)
		return -1;
	share = strtol(*text, NULL, 10);
	*text += digits;
	return (int)share;
}

int
option_parse_shares(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	struct share_list list = { .count = 0 };
	const char *p = text;
	int share, last = -1;

	while (strcmp(text, "none") != 0) {
		share = read_share(&p);
		if (share == -1 || (*p != ',' && *p != '\0')) {
			strlcpy(why,
			    "not a list of percents from 0 to 99 (5,25,50)",
			    size);
			return -1;
		}
		if (share <= last) {
			strlcpy(why,
			    "each percent must be greater than the "
			    "one before",
			    size);
			return -1;
		}
		list.percent[list.count++] = (unsigned int)share;
		last = share;
		if (*p++ == '\0')
			break;
	}
	memcpy(slot, &list, sizeof(list));
	return 0;
}

void
option_clear_shares(void *slot)
{
	memset(slot, 0, sizeof(struct share_list));
}

json_t *
option_shares_json(const void *slot, const struct option_row *row)
{
	const struct share_list *list = slot;
	char text[SHARE_LIST_MAX * 3 + 1];
	size_t i, n = 0;

	for (i = 0; i < list->count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u",
		    i > 0 ? "," : "", list->percent[i]);
	return list->count > 0 ? json_string(text) : NULL;
}
