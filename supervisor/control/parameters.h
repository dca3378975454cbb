/* SPDX-License-Identifier: ISC */
/*
 * The parameters of a call on the control socket, read by name and checked by
 * type.  This module knows no method.
 */
#ifndef CONTROL_PARAMETERS_H
#define CONTROL_PARAMETERS_H

#include <stdbool.h>

struct call;

/*
 * Each function returns true if the parameter is valid, absent or null.  Else
 * it has replied InvalidParameter, or Failed for lack of memory, and the call
 * must not be used any more.
 */

/* Borrowed from the call; NULL if it is absent. */
bool parameter_string(struct call *, const char *name, const char **value);

/* *value is unchanged if the parameter is absent. */
bool parameter_bool(struct call *, const char *name, bool *value);

/* 0 to INT_MAX; *value is unchanged if the parameter is absent. */
bool parameter_number(struct call *, const char *name, unsigned int *value);

/*
 * A list of at least one string, with NULL at its end.  *New*, released with
 * strings_free; NULL if it is absent.
 */
bool parameter_strings(struct call *, const char *name, char ***value);

/*
 * `id`, a word by which the caller recognizes its call.  Borrowed; NULL if it
 * is absent.
 */
bool parameter_id(struct call *, const char **id);

/* Reply that the method does not take this parameter; this ends the call. */
void parameter_refuse(struct call *, const char *name);

#endif
