/* SPDX-License-Identifier: ISC */
/*
 * NULL-terminated lists of strings, as argv and environ are.
 */
#ifndef BASE_STRINGS_H
#define BASE_STRINGS_H

#include <stddef.h>

/* A copy, *new*; NULL with errno ENOMEM. */
char **strings_copy(char *const *strings);

/* Release the list and all in it; NULL is fine. */
void strings_free(char **strings);

size_t strings_count(char *const *strings);

#endif
