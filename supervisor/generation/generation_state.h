/* SPDX-License-Identifier: ISC */
/*
 * A generation in the checkpoint.
 */
#ifndef GENERATION_GENERATION_STATE_H
#define GENERATION_GENERATION_STATE_H

#include <jansson.h>

#include "core/generation.h"

/*
 * Save what a successor must know, *new*; before: what was saved of a
 * generation last, or NULL, base/describe.h.  The successor makes the
 * generation again: NULL with errno.  Then it takes over the generation's
 * processes and sockets, which are in the listeners: -1 with errno.  When
 * everything else is restored, the generation resumes in its role.
 */
json_t *generation_save(const struct generation *, const json_t *before);
struct generation *generation_restore(struct service *, const json_t *);
int generation_take_over(struct generation *, const json_t *);
void generation_resume(struct generation *, const json_t *);

#endif
