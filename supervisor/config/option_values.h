/* SPDX-License-Identifier: ISC */
/*
 * What each kind of option does with its value: read it from text, convert it
 * to JSON, release it.  For the options module only.
 */
#ifndef CONFIG_OPTION_VALUES_H
#define CONFIG_OPTION_VALUES_H

#include <jansson.h>

#include "config/option.h"

/* JSON types that a kind takes, besides the type of its own text. */
enum option_json {
	TAKES_BOOLEAN = 1 << 0,
	TAKES_STRING = 1 << 1,
	TAKES_INTEGER = 1 << 2,
	TAKES_REAL = 1 << 3,
	TAKES_LIST = 1 << 4,
};

/* slot is the option's member of struct options. */
struct option_ops {
	unsigned int takes; /* enum option_json, or-ed */
	const char *wants;  /* why JSON of another type is refused */

	/*
	 * Replace the value by that of text, or add text to a list.  -1 with
	 * reason, and the value is unchanged.
	 */
	int (*parse)(void *slot, const struct option_row *, const char *text,
	    char *why, size_t size);

	/* Release the value and set the one that means `not given`. */
	void (*clear)(void *slot);

	/* The value as JSON, *new*; NULL if it is not given, or with ENOMEM. */
	json_t *(*json)(const void *slot, const struct option_row *);
};

/* By enum option_kind. */
extern const struct option_ops option_kinds[];

/* Read digits alone, up to INT_MAX.  -1 with EINVAL, ERANGE. */
int option_read_count(const char *text, unsigned int *n);

#define OPTION_TEXT_MAX 32 /* room for a duration or a signal */

/* Write what options_duration, options_size and options_signal read. */
void option_format_duration(unsigned int ms, char buf[static OPTION_TEXT_MAX]);
void option_format_size(unsigned int bytes, char buf[static OPTION_TEXT_MAX]);
void option_format_signal(int signal, char buf[static OPTION_TEXT_MAX]);

#endif
