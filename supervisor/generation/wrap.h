/* SPDX-License-Identifier: ISC */
/*
 * The shim around a generation's program: which backend, what a start of the
 * program needs for it, and where its calls arrive.  What becomes of them is
 * said by generation/binding.h.
 */
#ifndef GENERATION_WRAP_H
#define GENERATION_WRAP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "process/shim.h"
#include "process/spawn.h"

struct generation;
struct wrap;

/* As --shim says, for this image.  *New*; NULL with why. */
struct wrap *wrap_new(struct generation *, char *why, size_t size);

/* The generation has ended. */
void wrap_free(struct wrap *);

/* Add to a start what the shim needs of it.  -1 with why. */
int wrap_prepare(struct wrap *, struct spawn *, char *why, size_t size);

/* That start has succeeded or failed: see to its calls.  -1 with why. */
int wrap_started(struct wrap *, bool succeeded, char *why, size_t size);

/* Never SHIM_AUTO.  Without a wrap there is none: SHIM_OFF. */
enum shim_backend wrap_backend(const struct wrap *);

/*
 * The last call that was refused, or that all will be; "" if none was.
 * Borrowed.
 */
const char *wrap_trouble(const struct wrap *);

/* What a successor must know, *new*; and what is held of it taken over. */
json_t *wrap_save(const struct wrap *);
int wrap_restore(struct wrap *, const json_t *);

/* None of its calls is being answered.  NULL is fine. */
bool wrap_is_idle(const struct wrap *);

/* A program that runs has nobody to answer its calls: it is of no use. */
bool wrap_is_deaf(const struct wrap *);

#endif
