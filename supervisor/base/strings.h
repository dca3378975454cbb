/* SPDX-License-Identifier: ISC */
/*
 * NULL-terminated lists of strings, as argv and environ are.
 */
#ifndef BASE_STRINGS_H
#define BASE_STRINGS_H

#include <jansson.h>
#include <stddef.h>

/* Copy a string that may be NULL; *copy* is *new*.  -1 with ENOMEM. */
int string_copy(const char *string, char **copy);

/* A copy, *new*; NULL with errno ENOMEM. */
char **strings_copy(char *const *strings);

/* Release the list and its strings; NULL is allowed. */
void strings_free(char **strings);

size_t strings_count(char *const *strings);

/*
 * To a JSON array, *new*, NULL if a string is not UTF-8; and back, NULL with
 * errno, EINVAL if an element is not a string.
 */
json_t *strings_to_json(char *const *strings);
char **strings_from_json(const json_t *);

#endif
