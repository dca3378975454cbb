/* SPDX-License-Identifier: ISC */
/*
 * The shim around a generation's program: the backend, what a start of the
 * program needs for it, and where the program's calls arrive.
 * generation/binding.h decides the calls.
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

/* Choose the backend by --shim, for this image.  *New*; NULL with why. */
struct wrap *wrap_new(struct generation *, char *why, size_t size);

/*
 * Once the generation has ended: wrap_let_go gives up what it knows of sockets
 * in the listeners, before the listeners go; NULL is allowed.  wrap_free
 * releases it.
 */
void wrap_let_go(struct wrap *);
void wrap_free(struct wrap *);

/* The path of the preload library's socket, *borrowed*; NULL: there is none. */
const char *wrap_path(const struct wrap *);

/*
 * The path has gone: make a socket there anew.  -1 with errno: EAGAIN while a
 * call is being answered.
 */
int wrap_renew(struct wrap *);

/* Add to spawn what the shim needs.  -1 with why and errno. */
int wrap_prepare(struct wrap *, struct spawn *, char *why, size_t size);

/*
 * The start has succeeded or failed: serve its calls, or clean up.  -1 with
 * why and errno.
 */
int wrap_started(struct wrap *, bool succeeded, char *why, size_t size);

/* The backend, never SHIM_AUTO; SHIM_OFF without a wrap. */
enum shim_backend wrap_backend(const struct wrap *);

/*
 * The last call that was refused, or why all calls will be; "" if none was.
 * Borrowed.
 */
const char *wrap_trouble(const struct wrap *);

/* Save what a successor must know, *new*; and restore it with what is held. */
json_t *wrap_save(const struct wrap *);
int wrap_restore(struct wrap *, const json_t *);

/* Whether no call is being answered.  NULL is allowed. */
bool wrap_is_idle(const struct wrap *);

/* A program runs whose calls nobody can answer: it is of no use. */
bool wrap_is_unanswered(const struct wrap *);

#endif
