/* SPDX-License-Identifier: ISC */
/*
 * The mark of the service's programs (process/origin.h).  It is made when the
 * service starts and nothing runs of it, and is in the checkpoint from then
 * on; a file in the state directory has it for the case that programs live
 * and no checkpoint is left.
 */
#ifndef CORE_MARK_H
#define CORE_MARK_H

#include <jansson.h>

#include "process/origin.h"

struct service;

/*
 * By what processes are known whose supervisor is no more: as the document
 * says, a checkpoint, or, where it is NULL, as the file in the state directory
 * does.
 */
void mark_of_life(
    const struct service *, const json_t *document, struct origin *);

/* The mark in that file of a service; "" if there is none to be trusted. */
void mark_load(const char *state, char mark[static ORIGIN_MARK]);

/* A new one, for service and file; a failure is told in the log. */
void mark_renew(struct service *);

#endif
