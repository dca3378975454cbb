/* SPDX-License-Identifier: ISC */
/*
 * The work of the child that prepares an image: find the file, refuse it if it
 * cannot or must not run, hash and copy it.  This blocks and changes the
 * working directory: never call it in the supervisor itself.
 */
#ifndef PROCESS_IMAGE_CHECK_H
#define PROCESS_IMAGE_CHECK_H

#include <jansson.h>

#include "process/image.h"

/*
 * The JSON that image_from_json reads; or {"error": TEXT}, the reason in one
 * line that names the file.  *New*; NULL if there is no memory.
 */
json_t *image_check(
    const struct image_spec *, const char *store, const struct image_known *);

#endif
