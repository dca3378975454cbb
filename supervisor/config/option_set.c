/* SPDX-License-Identifier: ISC */
/*
 * Setting one option of a set, by the kind of its row, which knows how the text
 * is read.
 */
#include "config/option_set.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "config/option_values.h"

#define QUOTE_MAX 80 /* bytes of a value that a message repeats */

void *
option_slot(struct options *options, const struct option_row *row)
{
	json_decref(options->json);
	options->json = NULL;
	return (char *)options + row->offset;
}

/* Set the row's default; the text in the table is always valid. */
int
option_set_default(struct options *options, const struct option_row *row,
    char *why, size_t size)
{
	const struct option_ops *ops = &option_kinds[row->kind];

	ops->clear(option_slot(options, row));
	if (row->fallback == NULL)
		return 0;
	return ops->parse(
	    option_slot(options, row), row, row->fallback, why, size);
}

const struct option_row *
option_find(const char *name)
{
	size_t i;

	for (i = 0; i < option_count; i++) {
		if (strcmp(option_table[i].name, name) == 0)
			return &option_table[i];
	}
	return NULL;
}

/*
 * Text for a message: one line, not too long, and cut between two characters of
 * UTF-8.
 */
static void
quote(char buf[static QUOTE_MAX], const char *text)
{
	size_t len = strlcpy(buf, text, QUOTE_MAX), i;

	if (len >= QUOTE_MAX) {
		len = QUOTE_MAX - sizeof("...");
		while (len > 0 && ((unsigned char)buf[len] & 0xc0) == 0x80)
			len--;
		strlcpy(buf + len, "...", sizeof("..."));
	}
	for (i = 0; buf[i] != '\0'; i++) {
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			buf[i] = '?';
	}
}

/* Options are passed on as JSON, which is UTF-8. */
static bool
is_utf8(const char *text)
{
	json_t *string = json_string(text);

	json_decref(string);
	return string != NULL;
}

int
option_set(struct options *options, const struct option_row *row,
    const char *text, char *why, size_t size)
{
	char reason[OPTIONS_WHY], quoted[QUOTE_MAX];
	const char *phrase;

	if (text == NULL)
		return option_set_default(options, row, why, size);
	if (!is_utf8(text)) {
		snprintf(why, size, "%s: not UTF-8", row->name);
		return -1;
	}
	if (row->validate != NULL && row->validate(text, &phrase) == -1)
		strlcpy(reason, phrase, sizeof(reason));
	else if (option_kinds[row->kind].parse(option_slot(options, row), row,
		     text, reason, sizeof(reason)) == 0)
		return 0;
	quote(quoted, text);
	snprintf(why, size, "%s: \"%s\": %.*s", row->name, quoted,
	    (int)size / 2, reason);
	return -1;
}
