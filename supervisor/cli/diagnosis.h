/* SPDX-License-Identifier: ISC */
/*
 * What hotswap finds where it is run, as JSON: what the kernel and the user
 * allow, and what a program is and how it would be wrapped.  Changes nothing
 * and asks no supervisor.
 */
#ifndef CLI_DIAGNOSIS_H
#define CLI_DIAGNOSIS_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

struct options;

/*
 * A list of {name, purpose, state, essential, detail, remedy}; state is
 * present, limited or absent, detail and remedy are "" where there is none.
 * *New*; NULL if there is no memory.
 */
json_t *diagnosis_features(void);

/* Whether all of them that are essential are there. */
bool diagnosis_is_usable(const json_t *features);

/* The nearest file at path, or above it, that is there. */
void diagnosis_nearest(const char *path, char nearest[static PATH_MAX]);

/*
 * What weakens a service that has these options, and the program in this file
 * (NULL: none yet): a list of {name, why, detail, remedy}, detail may be "".
 * *New*; NULL if there is no memory.
 */
json_t *diagnosis_weaknesses(const struct options *, const char *file);

/*
 * {program, file, interpreter, kind, bits, native, libc, loader, go, set_id,
 * backend, no_new_privs, why, options, warnings} of a NULL-terminated command
 * line, which is looked up as `run` does with these options; {program, error}
 * where it cannot be run.  *New*; NULL if there is no memory.
 */
json_t *diagnosis_program(const struct options *, char *const *program);

#endif
