/* SPDX-License-Identifier: ISC */
/*
 * JSON that is made again and again of something that seldom changes: what is
 * equal to what was made before is not made again, but shared.  Both are
 * compared, so nobody has to tell what has changed.
 */
#ifndef BASE_DESCRIBE_H
#define BASE_DESCRIBE_H

#include <jansson.h>

/*
 * The object that json_pack would make, *new*, or another reference to the one
 * before, if it has the same members.  The one before may be NULL; it must not
 * change any more.  The format is that of one object whose values are s, i, I,
 * b or o, the last of which is *stolen*; s and o may have a *.  NULL as
 * json_pack.
 */
json_t *describe(const json_t *before, const char *format, ...);

/* A copy, *new*, or another reference to the one before, if it is equal. */
json_t *describe_copy(const json_t *before, const json_t *json);

#endif
