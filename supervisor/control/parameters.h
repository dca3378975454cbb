/* SPDX-License-Identifier: ISC */
/*
 * The parameters of a call on the control socket, read by name and checked by
 * type.  Knows no method.
 */
#ifndef CONTROL_PARAMETERS_H
#define CONTROL_PARAMETERS_H

#include <stdbool.h>

struct call;

/*
 * Each is true where the parameter is as it should be, absent or null
 * included; else it has replied InvalidParameter, and the call must not be
 * used any more.
 */

/* Borrowed from the call; NULL where it is absent. */
bool parameter_string(struct call *, const char *name, const char **value);

/* Where it is absent *value stays as it was. */
bool parameter_bool(struct call *, const char *name, bool *value);

/* A whole number, not negative, up to INT_MAX; absent as above. */
bool parameter_number(struct call *, const char *name, unsigned int *value);

/*
 * A list of at least one string, which ends with NULL.  *New*, to be released
 * by strings_free; NULL where it is absent.
 */
bool parameter_strings(struct call *, const char *name, char ***value);

/*
 * `id`, a word by which the caller knows its call again.  Borrowed; NULL where
 * it is absent.
 */
bool parameter_id(struct call *, const char **id);

/* Reply that this parameter is not one that the method takes; it has ended. */
void parameter_refuse(struct call *, const char *name);

#endif
