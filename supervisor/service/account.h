/* SPDX-License-Identifier: ISC */
/*
 * The account of what runs: the checkpoint's document, and the service restored
 * from it.  Each part of the service defines its own member of the document.
 */
#ifndef SERVICE_ACCOUNT_H
#define SERVICE_ACCOUNT_H

#include <jansson.h>
#include <stddef.h>

#include "config/options.h"

struct service;

/*
 * The document of a service that has not started: what the first supervisor
 * must know, *new*.  path is where hotswap itself is installed.
 */
json_t *account_first(
    const struct options *, char *const *program, const char *path);

/*
 * What a successor must know, with life, *borrowed*; *new*, or NULL.  Parts
 * that are as in the document before (NULL: there is none) are shared with it.
 */
json_t *account_describe(
    const struct service *, const json_t *life, const json_t *before);

/*
 * Restore the service's parts, without any effect outside this process.  -1
 * with why.
 */
int account_read(
    struct service *, const json_t *document, char *why, size_t size);

/*
 * After that, take over the running programs of the generations and their
 * descriptors.  -1 with why.
 */
int account_take_over(
    struct service *, const json_t *document, char *why, size_t size);

#endif
