/* SPDX-License-Identifier: ISC */
/*
 * What hotswap finds where it is run, as JSON: what the kernel and the user
 * allow, and what a program is and how it would be wrapped.  Changes nothing
 * and asks no supervisor.
 */
#ifndef CLI_DIAGNOSIS_H
#define CLI_DIAGNOSIS_H

#include <jansson.h>
#include <stdbool.h>

/*
 * A list of {name, purpose, state, essential, detail, remedy}; state is
 * present, limited or absent, detail and remedy are "" where there is none.
 * *New*; NULL if there is no memory.
 */
json_t *diagnosis_features(void);

/* Whether all of them that are essential are there. */
bool diagnosis_is_usable(const json_t *features);

/*
 * {program, file, interpreter, kind, bits, native, libc, loader, go, set_id,
 * backend, no_new_privs, why, options, warnings} of a NULL-terminated command
 * line, which is looked up as `run` does; {program, error} where it cannot
 * be run.  *New*; NULL if there is no memory.
 */
json_t *diagnosis_program(char *const *program);

#endif
