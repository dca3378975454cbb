/* SPDX-License-Identifier: ISC */
/*
 * A set of options: defaults, setting from text and JSON, back to JSON.
 * Everything here goes by the table's rows and knows no option by name.
 */
#include "config/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/option_apply.h"
#include "config/option_values.h"

#define QUOTE_MAX 80 /* bytes of a value that a message repeats */

static void *
slot_of(struct options *options, const struct option_row *row)
{
	return (char *)options + row->offset;
}

static const void *
const_slot_of(const struct options *options, const struct option_row *row)
{
	return (const char *)options + row->offset;
}

/* The row's default; text in the table is always in order. */
static int
set_default(struct options *options, const struct option_row *row,
    char reason[static OPTIONS_WHY])
{
	const struct option_ops *ops = &option_kinds[row->kind];

	ops->clear(slot_of(options, row));
	if (row->fallback == NULL)
		return 0;
	return ops->parse(slot_of(options, row), row, row->fallback, reason);
}

struct options *
options_new(void)
{
	struct options *options;
	char reason[OPTIONS_WHY];
	size_t i;

	if ((options = calloc(1, sizeof(*options))) == NULL)
		return NULL;
	for (i = 0; i < option_count; i++) {
		if (set_default(options, &option_table[i], reason) == -1)
			goto fail;
	}
	return options;
fail:
	options_free(options);
	return NULL;
}

void
options_free(struct options *options)
{
	const struct option_row *row = option_table;
	size_t i;

	if (options == NULL)
		return;
	for (i = 0; i < option_count; i++, row++)
		option_kinds[row->kind].clear(slot_of(options, row));
	free(options);
}

/* By way of JSON, which says everything that is not as by default. */
struct options *
options_copy(const struct options *options)
{
	struct options *copy = options_new();
	json_t *object = options_to_json(options);
	struct option_fault fault;
	char why[OPTIONS_WHY];

	if (copy == NULL || object == NULL ||
	    options_apply(copy, object, NULL, false, &fault, why) == -1) {
		options_free(copy);
		copy = NULL;
	}
	json_decref(object);
	return copy;
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
 * Text for a message: one line, not too long, cut between two characters of
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

/* Options travel as JSON, which is UTF-8. */
static bool
is_utf8(const char *text)
{
	json_t *string = json_string(text);

	json_decref(string);
	return string != NULL;
}

int
options_set(struct options *options, const struct option_row *row,
    const char *text, char why[static OPTIONS_WHY])
{
	char reason[OPTIONS_WHY], quoted[QUOTE_MAX];
	const char *phrase;

	if (text == NULL)
		return set_default(options, row, why);
	if (!is_utf8(text)) {
		snprintf(why, OPTIONS_WHY, "%s: not UTF-8", row->name);
		return -1;
	}
	if (row->validate != NULL && row->validate(text, &phrase) == -1)
		strlcpy(reason, phrase, sizeof(reason));
	else if (option_kinds[row->kind].parse(
		     slot_of(options, row), row, text, reason) == 0)
		return 0;
	quote(quoted, text);
	snprintf(why, OPTIONS_WHY, "%s: \"%s\": %.*s", row->name, quoted,
	    OPTIONS_WHY / 2, reason);
	return -1;
}

int
options_set_json(struct options *options, const json_t *object,
    bool for_upgrade, const char **key, char why[static OPTIONS_WHY])
{
	struct options *work, old;
	struct option_fault fault;

	*key = NULL;
	if ((work = options_copy(options)) == NULL) {
		strlcpy(why, "out of memory", OPTIONS_WHY);
		return -1;
	}
	if (options_apply(work, object, NULL, for_upgrade, &fault, why) == -1) {
		*key = fault.key;
		options_free(work);
		return -1;
	}
	old = *options;
	*options = *work;
	*work = old;
	options_free(work);
	return 0;
}

const char *
options_owners(const json_t *object)
{
	const struct option_row *row;
	const char *key;
	json_t *value;

	/* jansson's walk takes no const object, though it changes nothing. */
	json_object_foreach ((json_t *)object, key, value)
		if ((row = option_find(key)) != NULL && row->for_upgrade &&
		    !row->for_members)
			return key;
	return NULL;
}

json_t *
options_to_json(const struct options *options)
{
	struct options *defaults = options_new();
	json_t *object = json_object(), *value, *fallback;
	const struct option_row *row = option_table;
	const struct option_ops *ops;
	size_t i;

	if (defaults == NULL || object == NULL)
		goto fail;
	for (i = 0; i < option_count; i++, row++) {
		ops = &option_kinds[row->kind];
		value = ops->json(const_slot_of(options, row), row);
		fallback = ops->json(const_slot_of(defaults, row), row);
		if (value != NULL && !json_equal(value, fallback) &&
		    json_object_set(object, row->name, value) == -1) {
			json_decref(value);
			json_decref(fallback);
			goto fail;
		}
		json_decref(value);
		json_decref(fallback);
	}
	options_free(defaults);
	return object;
fail:
	options_free(defaults);
	json_decref(object);
	return NULL;
}

struct options *
options_from_json(const json_t *saved)
{
	struct options *options = options_new();
	char why[OPTIONS_WHY];
	const char *key;

	if (options != NULL &&
	    options_set_json(options, saved, false, &key, why) == -1) {
		log_error("checkpoint: %s", why);
		options_free(options);
		options = NULL;
	}
	return options;
}
