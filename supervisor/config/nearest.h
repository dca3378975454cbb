/* SPDX-License-Identifier: ISC */
/*
 * `did you mean`: find the known name that is nearest to a mistyped word.
 * Pure.
 */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

/* In the caller's storage.  Both strings are borrowed. */
struct nearest {
	const char *word;
	const char *best; /* NULL while no name is near enough */
	unsigned int distance;
};

void nearest_init(struct nearest *, const char *word);

/*
 * Consider one name.  Each letter that is missing, added, changed or swapped
 * adds one to the distance.
 */
void nearest_try(struct nearest *, const char *name);

#endif
