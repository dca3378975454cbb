/* SPDX-License-Identifier: ISC */
/*
 * Values by name, saved as JSON again and again: what is saved shares all parts
 * that have not changed with what was saved before, so a checkpoint costs as
 * much as has changed (keep/patch.h).
 */
#ifndef KEEP_LEDGER_H
#define KEEP_LEDGER_H

#include <jansson.h>

struct ledger {
	json_t *pages; /* objects of some names each, never changed in place */
	json_t *where; /* the page of each name */
};

/* Empty; -1 with ENOMEM. */
int ledger_init(struct ledger *);
void ledger_fini(struct ledger *);

/* ledger_set: the value is *stolen*.  -1 with ENOMEM. */
int ledger_set(struct ledger *, const char *name, json_t *value);
void ledger_remove(struct ledger *, const char *name);

/*
 * A name that begins so and has this number as its value, *borrowed*; NULL:
 * there is none.
 */
const char *ledger_find(
    const struct ledger *, const char *beginning, json_int_t number);

/*
 * ledger_save: make it the member key of an object, and, if there are many
 * names, the member more.  ledger_load: all names in one object, *new*.  -1 and
 * NULL with ENOMEM.
 */
int ledger_save(
    const struct ledger *, json_t *into, const char *key, const char *more);
json_t *ledger_load(const json_t *from, const char *key, const char *more);

#endif
