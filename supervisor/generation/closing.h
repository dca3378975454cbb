/* SPDX-License-Identifier: ISC */
/*
 * The end of a generation.
 */
#ifndef GENERATION_CLOSING_H
#define GENERATION_CLOSING_H

#include "core/generation.h"

/* It has ended for good: release its program and its sockets. */
void generation_close(struct generation *);

/* Forget it, and release all that it has. */
void generation_free(struct generation *);

#endif
