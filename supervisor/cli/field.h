/* SPDX-License-Identifier: ISC */
/*
 * Fields of the JSON that a supervisor has sent.  The supervisor may be of
 * another version, so any field may be missing or of another type.
 */
#ifndef CLI_FIELD_H
#define CLI_FIELD_H

#include <jansson.h>

/* Borrowed; "" if the field is no string. */
const char *field_string(const json_t *object, const char *key);

/* 0 if the field is no integer. */
json_int_t field_number(const json_t *object, const char *key);

/* Borrowed; NULL if the field is no object or no list, respectively. */
json_t *field_object(const json_t *object, const char *key);
json_t *field_list(const json_t *object, const char *key);

/* Print one value and a newline: on one line, or indented for people. */
void field_print_line(const json_t *);
void field_print_indented(const json_t *);

#define FIELD_SERVING 64 /* room for the text */

/*
 * `generation 2 serves` or `nothing serves` once this outcome has come.  An
 * older supervisor does not tell; there the member otherwise serves.
 */
const char *field_serving(char buf[static FIELD_SERVING], const json_t *outcome,
    const char *otherwise);

#endif
