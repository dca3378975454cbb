/* SPDX-License-Identifier: ISC */
/*
 * What a service that is adopted leaves: descriptors, taken out of the
 * processes that have them, and the checkpoint's document, which a new
 * command line changes.
 */
#ifndef SERVICE_HERITAGE_H
#define SERVICE_HERITAGE_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

struct service;
struct survivor;

/* All that a supervisor that is stopped holds. */
void heritage_take_held(struct service *, const json_t *document, pid_t);

/*
 * Sockets of listeners that the programs which live have, and survivors, who
 * may be more than are noted down.  Those that are at
 * our addresses and that nobody had noted down are shut down: they were about
 * to join when all ended.  -1 with why: we may not look into a program.
 */
int heritage_take_sockets(struct service *, const json_t *document,
    const struct survivor *, size_t nsurvivors, char *why, size_t size);

/*
 * The command line that we were started with is the one in force; what it
 * cannot change while the programs run is said.
 */
void heritage_renew(struct service *, json_t *document, json_t *program);

#endif
