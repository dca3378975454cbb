/* SPDX-License-Identifier: ISC */
#include "fleet/entries.h"

#include <stdlib.h>
#include <string.h>

int
entries_add(struct entries *entries, const char *key, const char *value,
    size_t length, int64_t version)
{
	struct entry *list =
	    reallocarray(entries->list, entries->n + 1, sizeof(*entries->list));
	struct entry *entry;

	if (list == NULL)
		return -1;
	entries->list = list;
	entry = &list[entries->n++];
	entry->key = strdup(key);
	entry->value = strndup(value, length);
	entry->version = version;
	return entry->key != NULL && entry->value != NULL ? 0 : -1;
}

void
entry_fini(struct entry *entry)
{
	free(entry->key);
	free(entry->value);
	memset(entry, 0, sizeof(*entry));
}

void
entries_fini(struct entries *entries)
{
	size_t i;

	for (i = 0; i < entries->n; i++)
		entry_fini(&entries->list[i]);
	free(entries->list);
	memset(entries, 0, sizeof(*entries));
}
