/* SPDX-License-Identifier: ISC */
/*
 * The kind of option that is a list of shares, with the functions that
 * option_values.h demands of a kind.  For the options module only.
 */
#ifndef CONFIG_OPTION_SHARES_H
#define CONFIG_OPTION_SHARES_H

#include <jansson.h>

#include "config/option.h"

/* Percents from 0 to 99, each greater than the one before; or `none`. */
int option_parse_shares(void *slot, const struct option_row *, const char *text,
    char *why, size_t size);
void option_clear_shares(void *slot);
json_t *option_shares_json(const void *slot, const struct option_row *);

#endif
