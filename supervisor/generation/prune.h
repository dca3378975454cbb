/* SPDX-License-Identifier: ISC */
/*
 * Forgetting what a service does not need any more, so that it does not grow
 * with each rollout.
 */
#ifndef GENERATION_PRUNE_H
#define GENERATION_PRUNE_H

struct service;

/*
 * Forget retired and failed generations beyond --retain, and remove copies of
 * images that no generation needs.  While the image of a rollout is being
 * prepared nothing is removed, and the next call does it.
 */
void prune_generations(struct service *);

/* The service ends: what was begun is done by the next call of a successor. */
void prune_stop(struct service *);

/* The same if a predecessor was to do so, and was killed before. */
void prune_resume(struct service *);

#endif
