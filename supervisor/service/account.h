/* SPDX-License-Identifier: ISC */
/*
 * The account of what runs: the checkpoint's document, and the service made
 * again of it.  What each part says of itself is the part's own.
 */
#ifndef SERVICE_ACCOUNT_H
#define SERVICE_ACCOUNT_H

#include <jansson.h>
#include <stddef.h>

#include "config/options.h"

struct service;

/*
 * Before anything runs: what the first supervisor of a service must know,
 * *new*; path is where hotswap itself is installed.
 */
json_t *account_first(
    const struct options *, char *const *program, const char *path);

/* What a successor must know, with life, *borrowed*, *new*; NULL. */
json_t *account_describe(const struct service *, json_t *life);

/*
 * Make the service's parts again; nothing outside of us is touched.  -1 with
 * why.
 */
int account_read(
    struct service *, const json_t *document, char *why, size_t size);

/*
 * Then take over what runs of the generations, with what it holds.  -1 with
 * why.
 */
int account_take_over(
    struct service *, const json_t *document, char *why, size_t size);

#endif
