/* SPDX-License-Identifier: ISC */
/*
 * Replacing the supervisor by another build of hotswap: one that has been
 * examined is executed instead of us, and finds everything as a successor
 * always does.  A rollout under way goes on where it was.
 */
#ifndef CONTROL_REEXEC_H
#define CONTROL_REEXEC_H

#include <jansson.h>
#include <stdbool.h>

#include "keep/store.h"

struct call;
struct reexec;
struct service;

/* Make service->reexec.  -1 with errno. */
int reexec_open(struct service *);
void reexec_close(struct service *);

/*
 * Replace us by that file, for whoever has that id (release.h); NULL: by what
 * is now where hotswap was installed. -1 with why if that has no place now.
 * What becomes of it are the events `reexecuted` and `reexec-failed`, of us or
 * of our successor.
 */
int reexec_begin(
    struct service *, const char *file, const char *id, char *why, size_t size);

bool reexec_is_under_way(const struct service *);

/* Whether the one under way, or else the last, is of that id. */
bool reexec_is(const struct service *, const char *id);

/* Reply with how the last one has ended. */
void reexec_answer(const struct service *, struct call *);

/* What a successor must know, *new*; what a predecessor has said, or -1. */
json_t *reexec_save(const struct reexec *);
int reexec_restore(struct service *, const json_t *);

/* What was not handed over has ended with the predecessor: say so. */
void reexec_resume(struct service *);

/* The keeper has something to say of it. */
void reexec_heard(
    struct service *, enum store_news, const struct store_message *);

#endif
