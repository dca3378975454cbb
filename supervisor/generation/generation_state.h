/* SPDX-License-Identifier: ISC */
/*
 * A generation over the end of the supervisor.
 */
#ifndef GENERATION_GENERATION_STATE_H
#define GENERATION_GENERATION_STATE_H

#include <jansson.h>

#include "core/generation.h"

/*
 * What a successor must know, *new*.  The generation made again of that: NULL
 * with errno.  Then what runs of it, the sockets being the listeners': -1
 * with errno.  Then, once all else is restored, it goes on as its role says.
 */
json_t *generation_save(const struct generation *);
struct generation *generation_restore(struct service *, const json_t *);
int generation_take_over(struct generation *, const json_t *);
void generation_resume(struct generation *, const json_t *);

#endif
