/* SPDX-License-Identifier: ISC */
/*
 * The mark of the service's programs (process/origin.h).  It is made when the
 * service starts and none of its programs runs, and is in the checkpoint from
 * then on.  A file in the state directory has it too, for the case that
 * programs live and the checkpoint is lost.
 */
#ifndef CORE_MARK_H
#define CORE_MARK_H

#include <jansson.h>

#include "process/origin.h"

struct service;

/*
 * How processes are recognized whose supervisor has ended: by the checkpoint's
 * document, or, if that is NULL, by the file in the state directory.
 */
void mark_of_life(
    const struct service *, const json_t *document, struct origin *);

/* The mark in that file; "" if there is none that can be trusted. */
void mark_load(const char *state, char mark[static ORIGIN_MARK]);

/* Make a new mark, also in the file; a failure is logged. */
void mark_renew(struct service *);

#endif
