/* SPDX-License-Identifier: ISC */
/*
 * How a rollout survives the end of the supervisor.
 */
#ifndef ROLLOUT_RELEASE_STATE_H
#define ROLLOUT_RELEASE_STATE_H

#include <jansson.h>

#include "core/release.h"

/*
 * What a successor must know, *new*; before: what was saved last,
 * base/describe.h.
 */
json_t *release_save(const struct release *, const json_t *before);

/*
 * Restore what release_save has saved, after the generations.  -1 on failure.
 */
int release_restore(struct service *, const json_t *);

#endif
