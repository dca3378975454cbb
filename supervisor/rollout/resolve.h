/* SPDX-License-Identifier: ISC */
/*
 * The first state of a rollout: the image is looked up, hashed and copied,
 * then --check has its word.
 */
#ifndef ROLLOUT_RESOLVE_H
#define ROLLOUT_RESOLVE_H

struct service;

/*
 * Begin; the rollout is told by EVENT_RESOLVED, with the image in
 * release.image, or EVENT_FAILED.  An image that is there already is only
 * checked.  why is unused: this is one of the rollout's actions.
 */
void resolve_begin(struct service *, const char *why);

/* End what is under way; nothing is told. */
void resolve_cancel(struct service *);

#endif
