/* SPDX-License-Identifier: ISC */
/*
 * What the command tells a person on stderr, a line each.
 */
#ifndef CLI_TELL_H
#define CLI_TELL_H

#include "base/status.h"

/*
 * One line behind `hotswap: `, control characters replaced, since names and
 * reasons come from elsewhere.  Returns status, so that a caller can say why
 * it returns what it returns.
 */
int tell(enum exit_status status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Replace in place what would move a terminal's cursor or worse. */
void tell_clean(char *text);

#endif
