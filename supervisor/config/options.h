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
 * Set the options that a JSON object names (strings, numbers, booleans, lists),
 * as a configuration file or the control socket brings it; a list replaces the
 * former list.  With for_upgrade an option that is not for upgrades is refused.
 * All or nothing: -1 with why, and *key is the key at fault, borrowed from the
 * object (NULL: out of memory).
 */
int options_set_json(struct options *, const json_t *, bool for_upgrade,
    const char **key, char *why, size_t size);

/*
 * The first key of a JSON object that only root and the supervisor's own user
 * may set with an upgrade, borrowed; NULL if there is none.  Unknown keys are
 * passed over: options_set_json refuses them.
 */
const char *options_owners(const json_t *);

/*
 * Load a configuration file.  Its key `program` is the list of the program and
 * its arguments, *new* in *program (NULL if the key is absent); release it with
 * strings_free.  -1 with why: `web.json:7:12: health-interval: "3q": not a
 * duration`.
 */
int options_load(struct options *, const char *path, char ***program, char *why,
    size_t size);

/*
 * The options that differ from the defaults, as options_set_json reads them;
 * *new*.  It must not change: until an option is set, all who ask share it.
 */
json_t *options_to_json(const struct options *);

/*
 * The options that options_to_json has written, *new*; NULL after a fault has
 * been logged.
 */
struct options *options_from_json(const json_t *);

#endif
