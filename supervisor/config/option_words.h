/* SPDX-License-Identifier: ISC */
/*
 * The kinds of option that take one of a few words, or several of them, with
 * the functions that option_values.h demands of a kind.  For the options module
 * only.
 */
#ifndef CONFIG_OPTION_WORDS_H
#define CONFIG_OPTION_WORDS_H

#include <jansson.h>

#include "config/option.h"

/* The index of text's first len bytes among words; -1 if it is not there. */
int option_find_word(const char *const *words, const char *text, size_t len);

/* One of the row's words. */
int option_parse_word(void *slot, const struct option_row *, const char *text,
    char *why, size_t size);
json_t *option_word_json(const void *slot, const struct option_row *);

/* At least one of the row's words, separated by commas. */
int option_parse_words(void *slot, const struct option_row *, const char *text,
    char *why, size_t size);
json_t *option_words_json(const void *slot, const struct option_row *);

#endif
