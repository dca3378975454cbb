/* SPDX-License-Identifier: ISC */
/*
 * Which backend of the shim a generation gets, as --shim, the image, the
 * machine and the path of preload's socket allow.
 */
#ifndef GENERATION_BACKEND_H
#define GENERATION_BACKEND_H

#include <limits.h>
#include <stddef.h>

#include "process/shim.h"

struct generation;

/*
 * Choose a backend.  If --listen names all addresses, the program may do
 * without the shim: the backend is SHIM_OFF then.  A choice that the user may
 * not expect is logged.  -1 with why and errno EINVAL.
 */
int backend_choose(
    const struct generation *, struct shim_choice *, char *why, size_t size);

/* The path of preload's socket. */
void backend_path(const struct generation *, char path[static PATH_MAX]);

#endif
