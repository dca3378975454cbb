/* SPDX-License-Identifier: ISC */
/*
 * What has changed from one JSON document to the next, as a JSON document.  A
 * patch is null (nothing has changed) or one of
 *
 *   {"=": VALUE}                      another value
 *   {"set": {NAME: PATCH}, "del": [NAME]}   members of an object
 *   {"list": [STEP]}                  elements of a list, from its beginning: a
 *                                     number N > 0 leaves N elements as they
 *                                     are, N < 0 removes -N, a patch changes
 *                                     one, {"+": VALUE} adds one; the rest of
 *                                     the list stays
 */
#ifndef KEEP_PATCH_H
#define KEEP_PATCH_H

#include <jansson.h>

/*
 * The patch that makes the second document of the first, *new*; NULL with
 * ENOMEM.  Parts that both documents share are not looked into, so the cost is
 * that of the other parts.
 */
json_t *patch_make(const json_t *from, const json_t *to);

/*
 * Make the next document of this one, which is *stolen*: *new*; NULL with
 * EINVAL if the patch is not one, or does not fit.
 */
json_t *patch_apply(json_t *document, const json_t *patch);

#endif
