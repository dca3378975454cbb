/* SPDX-License-Identifier: ISC */
/*
 * Setting one option of a set.
 */
#ifndef CONFIG_OPTION_SET_H
#define CONFIG_OPTION_SET_H

#include "config/option.h"

/* The row of this name; NULL if there is none. */
const struct option_row *option_find(const char *name);

/* The member of options that belongs to the row, for setting it. */
void *option_slot(struct options *, const struct option_row *);

/*
 * Set one option from text; a flag takes `true` and `false`.  Text is added to
 * a list.  With NULL a list becomes empty and any other option gets its
 * default.  -1 with why, and the option is unchanged: `health-interval: "3q":
 * not a duration (500ms, 10s, 5m, 1h)`.
 */
int option_set(struct options *, const struct option_row *, const char *text,
    char *why, size_t size);

/* Set the row's default.  -1 with why. */
int option_set_default(
    struct options *, const struct option_row *, char *why, size_t size);

#endif
