/* SPDX-License-Identifier: ISC */
/*
 * Options out of JSON, and exactly which part of it is at fault.  For the
 * options module only; others call options_set_json and options_load.
 */
#ifndef CONFIG_OPTION_APPLY_H
#define CONFIG_OPTION_APPLY_H

#include <jansson.h>

#include "config/option.h"

struct option_fault {
	const char *key; /* borrowed from the object; NULL: none */
	bool in_key;	 /* the key itself is at fault, not its value */
	int element;	 /* of the value, which is a list; -1: all of it */
};

/*
 * Set as options_set_json does, but pass over the key except (NULL: none),
 * and what was set before a fault stays.
 */
int options_apply(struct options *, const json_t *object, const char *except,
    bool for_upgrade, struct option_fault *, char why[static OPTIONS_WHY]);

#endif
