/* SPDX-License-Identifier: ISC */
/*
 * What hotswap finds on the machine where it is run, as JSON: what the kernel
 * and the user's rights allow, what a program is, and how the program would be
 * wrapped.  It changes nothing and asks no supervisor.
 */
#ifndef CLI_DIAGNOSIS_H
#define CLI_DIAGNOSIS_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

struct options;

/*
 * A list of {name, purpose, state, essential, detail, remedy}.  state is
 * present, limited or absent; detail and remedy may be "".  *New*; NULL if
 * there is no memory.
 */
json_t *diagnosis_features(void);

/* Whether every essential feature is present or limited. */
bool diagnosis_is_usable(const json_t *features);

/* The path itself, or the nearest directory above it that exists. */
void diagnosis_nearest(const char *path, char nearest[static PATH_MAX]);

/*
 * What weakens a service that has these options and runs the program in this
 * file (NULL: no program is given): a list of {name, why, detail, remedy};
 * detail may be "".  *New*; NULL if there is no memory.
 */
json_t *diagnosis_weaknesses(const struct options *, const char *file);

/*
 * {program, file, interpreter, kind, bits, native, libc, loader, go, set_id,
 * backend, no_new_privs, why, options, warnings} of a NULL-terminated command
 * line.  Its program is looked up as `run` does with these options.  If it
 * cannot be run: {program, error}.  *New*; NULL if there is no memory.
 */
json_t *diagnosis_program(const struct options *, char *const *program);

#endif
