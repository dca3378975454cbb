/* SPDX-License-Identifier: ISC */
/*
 * Fields of what a supervisor has sent.  It may be of another version, so
 * that any of them may be missing or of another type.
 */
#ifndef CLI_FIELD_H
#define CLI_FIELD_H

#include <jansson.h>

/* "" if it is no string; borrowed. */
const char *field_string(const json_t *object, const char *key);

/* 0 if it is no integer. */
json_int_t field_number(const json_t *object, const char *key);

/* NULL if it is no object, no list; borrowed. */
json_t *field_object(const json_t *object, const char *key);
json_t *field_list(const json_t *object, const char *key);

/* Print one value and a newline, on a line or for people to read. */
void field_print_line(const json_t *);
void field_print_indented(const json_t *);

#endif
