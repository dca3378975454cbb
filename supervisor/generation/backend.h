/* SPDX-License-Identifier: ISC */
/*
 * Which backend of the shim a generation gets: what --shim, the image, the
 * machine and the place of preload's socket allow.
 */
#ifndef GENERATION_BACKEND_H
#define GENERATION_BACKEND_H

#include <limits.h>
#include <stddef.h>

#include "process/shim.h"

struct generation;

/*
 * Where --listen says all, the shim may be missing, and the backend is SHIM_OFF
 * then.  What makes the choice another one than expected is logged.  -1 with
 * why.
 */
int backend_choose(
    const struct generation *, struct shim_choice *, char *why, size_t size);

/* Of preload's socket. */
void backend_path(const struct generation *, char path[static PATH_MAX]);

#endif
