/* SPDX-License-Identifier: ISC */
/*
 * Options: one table drives flags, JSON keys, defaults, validation, --help
 * and the manual's check.  Pure.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>

#include "config/option.h"
#include "config/option_set.h"

struct options *options_new(void);		      /* all defaults; *new* */
struct options *options_copy(const struct options *); /* *new* */
void options_free(struct options *);

/*
 * Set many from a JSON object (strings, numbers, booleans, lists), as a
 * configuration file or the control socket brings it; lists replace.  With
 * for_upgrade others are refused.  All or nothing: -1 with why, and the key
 * at fault, borrowed from the object, in *key (NULL: out of memory).
 */
int options_set_json(struct options *, const json_t *, bool for_upgrade,
    const char **key, char why[static OPTIONS_WHY]);

/*
 * The first key of a JSON object that only root and the supervisor's own user
 * may set with an upgrade, borrowed; NULL if there is none.  Keys that are no
 * options are for options_set_json to refuse.
 */
const char *options_owners(const json_t *);

/*
 * Load a configuration file.  Its key `program` is the list of the program
 * and its arguments, handed over *new* in *program (NULL if it is absent):
 * release it with strings_free.  -1 with why:
 * `web.json:7:12: health-interval: "3q": not a duration`.
 */
int options_load(struct options *, const char *path, char ***program,
    char why[static OPTIONS_WHY]);

/* All that differ from the defaults, as options_set_json reads it; *new*. */
json_t *options_to_json(const struct options *);

/*
 * Those that options_to_json has told, *new*; NULL after it has said what is
 * wrong.
 */
struct options *options_from_json(const json_t *);

#endif
