/* SPDX-License-Identifier: ISC */
/*
 * Options out of JSON, and which part of the JSON is at fault.  For the options
 * module only; others call options_set_json and options_load.
 */
#ifndef CONFIG_OPTION_APPLY_H
#define CONFIG_OPTION_APPLY_H

#include <jansson.h>

#include "config/option.h"

struct option_fault {
	const char *key; /* borrowed from the object; NULL: no key */
	bool in_key;	 /* the key is at fault, not its value */
	int element;	 /* the list's element at fault; -1: the whole value */
};

/*
 * As options_set_json, but pass over the key except (NULL: none), and keep what
 * was set before a fault.
 */
int options_apply(struct options *, const json_t *object, const char *except,
    bool for_upgrade, struct option_fault *, char *why, size_t size);

#endif
