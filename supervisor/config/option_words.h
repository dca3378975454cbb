/* SPDX-License-Identifier: ISC */
/*
 * The kinds of option that take one of a few words, or several of them, as
 * option_values.h asks of a kind.  For the options module only.
 */
#ifndef CONFIG_OPTION_WORDS_H
#define CONFIG_OPTION_WORDS_H

#include <jansson.h>

#include "config/option.h"

/* The index of the first len bytes of text among words; -1 if not there. */
int option_find_word(const char *const *words, const char *text, size_t len);

/* One of the row's words. */
int option_parse_word(void *slot, const struct option_row *, const char *text,
    char reason[static OPTIONS_WHY]);
json_t *option_word_json(const void *slot, const struct option_row *);

/* At least one of them, with commas between. */
int option_parse_words(void *slot, const struct option_row *, const char *text,
    char reason[static OPTIONS_WHY]);
json_t *option_words_json(const void *slot, const struct option_row *);

#endif
