/* SPDX-License-Identifier: ISC */
/*
 * What an adopted service leaves: descriptors, which are taken out of the
 * processes that have them, and the checkpoint's document, in which the new
 * command line replaces the old one.
 */
#ifndef SERVICE_HERITAGE_H
#define SERVICE_HERITAGE_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

struct service;
struct survivor;

/* Take all descriptors that a stopped supervisor holds. */
void heritage_take_held(struct service *, const json_t *document, pid_t);

/*
 * Take the listeners' sockets out of the living programs and out of survivors,
 * which the document may not name.  A listening socket at one of the service's
 * addresses that the document does not name is shut down: it was about to join
 * when the supervisor died.  -1 with why: a program may not be inspected.
 */
int heritage_take_sockets(struct service *, const json_t *document,
    const struct survivor *, size_t nsurvivors, char *why, size_t size);

/*
 * Put the new command line in force; a warning names what it cannot change
 * while the programs run.
 */
void heritage_renew(struct service *, json_t *document, json_t *program);

#endif
