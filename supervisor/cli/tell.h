/* SPDX-License-Identifier: ISC */
/*
 * What a command tells the user on stderr, one line for each message.
 */
#ifndef CLI_TELL_H
#define CLI_TELL_H

#include <stdarg.h>

#include "base/status.h"

/*
 * Print one line that begins with `hotswap: `.  Control characters are
 * replaced, since names and reasons come from elsewhere.  Returns status, so
 * that a caller can return what tell returns.
 */
int tell(enum exit_status status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Replace in place what could move a terminal's cursor, or worse. */
void tell_clean(char *text);

/* The text, clean, *new*; NULL if there is no memory. */
char *tell_text(const char *fmt, va_list) __attribute__((format(printf, 1, 0)));

#endif
