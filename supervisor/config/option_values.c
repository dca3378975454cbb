/* SPDX-License-Identifier: ISC */
/*
 * The kinds of options.  A kind knows how its value is written, but not what
 * the option means.
 */
#include "config/option_values.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "config/option.h"
#include "config/option_shares.h"
#include "config/option_words.h"

#define NOT_DURATION "not a duration (500ms, 10s, 5m, 1h)"
#define NOT_SIGNAL   "not a signal (SIGTERM, USR2, 15)"
#define NOT_SIZE     "not a size (500, 64K, 10M, 1G)"
#define NOT_LIMIT    "not a limit (5/60s: five times in 60 seconds)"
#define NOT_READY                               \
	"not auto, notify, listen, exec: with " \
	"a command, or a duration"

/* Every empty list points here, so that no list is ever NULL. */
static char *no_items[] = { NULL };

static int option_value_refuse(char *why, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
option_value_refuse(char *why, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, size, fmt, args);
	va_end(args);
	return -1;
}

static int
parse_flag(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	bool on = strcmp(text, "true") == 0;

	if (!on && strcmp(text, "false") != 0)
		return option_value_refuse(why, size, "not true or false");
	*(bool *)slot = on;
	return 0;
}

static void
clear_flag(void *slot)
{
	*(bool *)slot = false;
}

static json_t *
flag_json(const void *slot, const struct option_row *row)
{
	return json_boolean(*(const bool *)slot);
}

static int
parse_string(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	char **value = slot, *copy;

	if (text[0] == '\0')
		return option_value_refuse(why, size, "empty");
	if ((copy = strdup(text)) == NULL)
		return option_value_refuse(why, size, "out of memory");
	free(*value);
	*value = copy;
	return 0;
}

static void
clear_string(void *slot)
{
	char **value = slot;

	free(*value);
	*value = NULL;
}

static json_t *
string_json(const void *slot, const struct option_row *row)
{
	const char *value = *(char *const *)slot;

	return value != NULL ? json_string(value) : NULL;
}

static int
parse_list(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	char ***list = slot, **more;
	size_t n = strings_count(*list);

	if (text[0] == '\0')
		return option_value_refuse(why, size, "empty");
	more = reallocarray(n > 0 ? *list : NULL, n + 2, sizeof(*more));
	if (more == NULL)
		return option_value_refuse(why, size, "out of memory");
	*list = more;
	more[n] = strdup(text);
	more[n + 1] = NULL;
	return more[n] != NULL
	    ? 0
	    : option_value_refuse(why, size, "out of memory");
}

static void
clear_list(void *slot)
{
	char ***list = slot;

	if (*list != no_items)
		strings_free(*list);
	*list = no_items;
}

static json_t *
list_json(const void *slot, const struct option_row *row)
{
	char *const *list = *(char **const *)slot;
	json_t *array = json_array();

	for (; array != NULL && *list != NULL; list++) {
		if (json_array_append_new(array, json_string(*list)) == -1) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static int
parse_count(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	unsigned int n;

	if (option_read_count(text, &n) == -1)
		return option_value_refuse(why, size,
		    errno == ERANGE ? "too large" : "not a whole number");
	*(unsigned int *)slot = n;
	return 0;
}

static void
clear_number(void *slot)
{
	*(unsigned int *)slot = 0;
}

static json_t *
count_json(const void *slot, const struct option_row *row)
{
	return json_integer(*(const unsigned int *)slot);
}

static int
parse_duration(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	unsigned int ms;

	if (row->endless && strcmp(text, "none") == 0)
		ms = OPTION_ENDLESS;
	else if (options_duration(text, &ms) == -1)
		return option_value_refuse(why, size,
		    errno == ERANGE ? "too long (at most 49 days)"
				    : NOT_DURATION);
	*(unsigned int *)slot = ms;
	return 0;
}

static json_t *
duration_json(const void *slot, const struct option_row *row)
{
	char text[OPTION_TEXT_MAX];

	if (row->endless && *(const unsigned int *)slot == OPTION_ENDLESS)
		return json_string("none");
	option_format_duration(*(const unsigned int *)slot, text);
	return json_string(text);
}

static int
parse_size(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	unsigned int bytes;

	if (options_size(text, &bytes) == -1)
		return option_value_refuse(why, size,
		    errno == ERANGE ? "too large (less than 4G)" : NOT_SIZE);
	*(unsigned int *)slot = bytes;
	return 0;
}

static json_t *
size_json(const void *slot, const struct option_row *row)
{
	char text[OPTION_TEXT_MAX];

	option_format_size(*(const unsigned int *)slot, text);
	return json_string(text);
}

static int
parse_signal(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	int signal;

	if ((signal = options_signal(text)) == -1)
		return option_value_refuse(why, size, NOT_SIGNAL);
	*(int *)slot = signal;
	return 0;
}

static json_t *
signal_json(const void *slot, const struct option_row *row)
{
	char text[OPTION_TEXT_MAX];

	if (*(const int *)slot == 0)
		return NULL;
	option_format_signal(*(const int *)slot, text);
	return json_string(text);
}

static int
parse_umask(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	size_t len = strlen(text);

	if (len == 0 || strspn(text, "01234567") != len || len > 4 ||
	    strtoul(text, NULL, 8) > 0777)
		return option_value_refuse(
		    why, size, "not an octal mask (022)");
	*(int *)slot = strtoul(text, NULL, 8);
	return 0;
}

static void
clear_umask(void *slot)
{
	*(int *)slot = -1;
}

static json_t *
umask_json(const void *slot, const struct option_row *row)
{
	int mask = *(const int *)slot;

	return mask != -1 ? json_sprintf("%03o", (unsigned int)mask) : NULL;
}

static int
parse_ready(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	struct ready_rule *ready = slot, rule = { 0 };
	int word = option_find_word(row->words, text, strlen(text));

	if (word != -1)
		rule.kind = word;
	else if (strncmp(text, "exec:", 5) == 0 && text[5] != '\0') {
		rule.kind = READY_EXEC;
		if ((rule.command = strdup(text + 5)) == NULL)
			return option_value_refuse(why, size, "out of memory");
	} else if (options_duration(text, &rule.delay_ms) == 0)
		rule.kind = READY_DELAY;
	else
		return option_value_refuse(why, size, NOT_READY);
	free(ready->command);
	*ready = rule;
	return 0;
}

static void
clear_ready(void *slot)
{
	struct ready_rule *ready = slot;

	free(ready->command);
	memset(ready, 0, sizeof(*ready));
}

static json_t *
ready_json(const void *slot, const struct option_row *row)
{
	const struct ready_rule *ready = slot;

	switch (ready->kind) {
	case READY_EXEC:
		return json_sprintf("exec:%s", ready->command);
	case READY_DELAY:
		return duration_json(&ready->delay_ms, row);
	default:
		return json_string(row->words[ready->kind]);
	}
}

static int
parse_limit(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	struct restart_limit *value = slot, limit;
	const char *slash = strchr(text, '/');
	char count[16];

	if (slash == NULL || (size_t)(slash - text) >= sizeof(count))
		return option_value_refuse(why, size, NOT_LIMIT);
	strlcpy(count, text, slash - text + 1);
	if (option_read_count(count, &limit.count) == -1 || limit.count == 0 ||
	    options_duration(slash + 1, &limit.window_ms) == -1 ||
	    limit.window_ms == 0)
		return option_value_refuse(why, size, NOT_LIMIT);
	*value = limit;
	return 0;
}

static void
clear_limit(void *slot)
{
	memset(slot, 0, sizeof(struct restart_limit));
}

static json_t *
limit_json(const void *slot, const struct option_row *row)
{
	const struct restart_limit *limit = slot;
	char window[OPTION_TEXT_MAX];

	option_format_duration(limit->window_ms, window);
	return json_sprintf("%u/%s", limit->count, window);
}

const struct option_ops option_kinds[] = {
	[OPTION_FLAG] = { TAKES_BOOLEAN, "not true or false", parse_flag,
	    clear_flag, flag_json },
	[OPTION_STRING] = { TAKES_STRING | TAKES_INTEGER, "not a string",
	    parse_string, clear_string, string_json },
	[OPTION_LIST] = { TAKES_STRING | TAKES_INTEGER | TAKES_LIST,
	    "not a list of strings", parse_list, clear_list, list_json },
	[OPTION_COUNT] = { TAKES_STRING | TAKES_INTEGER, "not a whole number",
	    parse_count, clear_number, count_json },
	[OPTION_DURATION] = { TAKES_STRING | TAKES_INTEGER | TAKES_REAL,
	    NOT_DURATION, parse_duration, clear_number, duration_json },
	[OPTION_SIZE] = { TAKES_STRING | TAKES_INTEGER, NOT_SIZE, parse_size,
	    clear_number, size_json },
	[OPTION_SIGNAL] = { TAKES_STRING | TAKES_INTEGER, NOT_SIGNAL,
	    parse_signal, clear_number, signal_json },
	[OPTION_WORD] = { TAKES_STRING, "not a string", option_parse_word,
	    clear_number, option_word_json },
	[OPTION_WORDS] = { TAKES_STRING, "not a string", option_parse_words,
	    clear_number, option_words_json },
	[OPTION_UMASK] = { TAKES_STRING, "not a string of octal digits",
	    parse_umask, clear_umask, umask_json },
	[OPTION_READY] = { TAKES_STRING | TAKES_INTEGER | TAKES_REAL, NOT_READY,
	    parse_ready, clear_ready, ready_json },
	[OPTION_LIMIT] = { TAKES_STRING, NOT_LIMIT, parse_limit, clear_limit,
	    limit_json },
	[OPTION_SHARES] = { TAKES_STRING | TAKES_INTEGER, "not a string",
	    option_parse_shares, option_clear_shares, option_shares_json },
};
