/* SPDX-License-Identifier: ISC */
/*
 * Replacing the supervisor by another build of hotswap.  The other build is
 * examined, then executed instead of us, and takes over as any successor does.
 * A rollout that is under way goes on.
 */
#ifndef CONTROL_REEXEC_H
#define CONTROL_REEXEC_H

#include <jansson.h>
#include <stdbool.h>

#include "keep/store.h"

struct call;
struct reexec;
struct service;

/* Set service->reexec.  -1 with errno. */
int reexec_open(struct service *);
void reexec_close(struct service *);

/*
 * Replace us by that file, or by the file that is now where hotswap was
 * installed (NULL).  id is the id of the caller's call.  -1 with why if no
 * reexec can begin now.  The events `reexecuted` and `reexec-failed`, of us or
 * of our successor, tell the result.
 */
int reexec_begin(
    struct service *, const char *file, const char *id, char *why, size_t size);

bool reexec_is_under_way(const struct service *);

/* Whether the reexec under way, or else the last one, has this id. */
bool reexec_is(const struct service *, const char *id);

/* Reply with the result of the last reexec. */
void reexec_answer(const struct service *, struct call *);

/*
 * Save for a successor, *new*; before: what was saved last, base/describe.h.
 * Restore what a predecessor has saved, or -1.
 */
json_t *reexec_save(const struct reexec *, const json_t *before);
int reexec_restore(struct service *, const json_t *);

/* A reexec that the predecessor had not handed over has failed: report that. */
void reexec_resume(struct service *);

/*
 * Take a message of the keeper that concerns a reexec, or its end, which has no
 * message.
 */
void reexec_heard(
    struct service *, enum store_news, const struct store_message *);

#endif
