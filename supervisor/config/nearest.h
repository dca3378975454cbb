/* SPDX-License-Identifier: ISC */
/*
 * `did you mean`: of the names that there are, the one that a mistyped word
 * is nearest to.  Pure.
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

/* Consider one name: letters missing, added, changed or swapped count. */
void nearest_try(struct nearest *, const char *name);

#endif
