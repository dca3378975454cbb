/* SPDX-License-Identifier: ISC */
/*
 * A rollout over the end of the supervisor.
 */
#ifndef ROLLOUT_RELEASE_STATE_H
#define ROLLOUT_RELEASE_STATE_H

#include <jansson.h>

#include "core/release.h"

/* What a successor must know, *new*. */
json_t *release_save(const struct release *);

/* Take over what release_save has said; the generations are there.  -1. */
int release_restore(struct service *, const json_t *);

/*
 * Then, once all else is restored and the loop is about to run: finish what
 * had all the traffic, take back what had not.  A first start goes on.
 */
void release_resume(struct service *);

#endif
