/* SPDX-License-Identifier: ISC */
/*
 * What this kernel and this user's rights allow.  `hotswap doctor` prints the
 * table, and the choice of the shim's backend uses it.  Each check is harmless
 * and leaves nothing behind.
 */
#ifndef PROCESS_FEATURES_H
#define PROCESS_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

#include "process/shim.h"

#define FEATURE_DETAIL 96

enum feature_state {
	FEATURE_PRESENT,
	FEATURE_LIMITED, /* hotswap works, but see the remedy */
	FEATURE_ABSENT,
};

/* A row.  Strings are static. */
struct feature {
	const char *name;
	const char *purpose;
	const char *remedy; /* what to do if it is not present */
	bool essential;	    /* without it hotswap cannot run at all */
	enum feature_state (*check)(char detail[static FEATURE_DETAIL]);
};

/* The whole table; *n rows. */
const struct feature *features_table(size_t *n);

/* Facts for shim_choose; library says whether the preload library exists. */
struct shim_facts features_shim_facts(bool library);

#endif
