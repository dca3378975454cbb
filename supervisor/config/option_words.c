/* SPDX-License-Identifier: ISC */
/*
 * Options whose text is made of the words of their row, by index.
 */
#include "config/option_words.h"

#include <string.h>

int
option_find_word(const char *const *words, const char *text, size_t len)
{
	int i;

	for (i = 0; words[i] != NULL; i++) {
		if (strlen(words[i]) == len &&
		    strncmp(words[i], text, len) == 0)
			return i;
	}
	return -1;
}

/* `not one of always, on-failure, never` */
static int
refuse_word(const char *const *words, char *why, size_t size)
{
	strlcpy(why, "not one of ", size);
	for (; *words != NULL; words++) {
		strlcat(why, *words, size);
		if (words[1] != NULL)
			strlcat(why, ", ", size);
	}
	return -1;
}

int
option_parse_word(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	int i = option_find_word(row->words, text, strlen(text));

	if (i == -1)
		return refuse_word(row->words, why, size);
	*(int *)slot = i;
	return 0;
}

json_t *
option_word_json(const void *slot, const struct option_row *row)
{
	return json_string(row->words[*(const int *)slot]);
}

int
option_parse_words(void *slot, const struct option_row *row, const char *text,
    char *why, size_t size)
{
	unsigned int bits = 0;
	size_t len;
	int i;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if ((i = option_find_word(row->words, text, len)) == -1)
			return refuse_word(row->words, why, size);
		bits |= 1U << i;
		if (text[len] == '\0')
			break;
	}
	*(unsigned int *)slot = bits;
	return 0;
}

json_t *
option_words_json(const void *slot, const struct option_row *row)
{
	unsigned int bits = *(const unsigned int *)slot;
	char text[OPTIONS_WHY] = "";
	unsigned int i;

	for (i = 0; row->words[i] != NULL; i++) {
		if ((bits & 1U << i) == 0)
			continue;
		if (text[0] != '\0')
			strlcat(text, ",", sizeof(text));
		strlcat(text, row->words[i], sizeof(text));
	}
	return json_string(text);
}
