/* SPDX-License-Identifier: ISC */
/*
 * The first state of a rollout: the image is looked up, hashed and copied, and
 * then --check is run.
 */
#ifndef ROLLOUT_RESOLVE_H
#define ROLLOUT_RESOLVE_H

struct service;

/*
 * Begin; the rollout gets EVENT_RESOLVED, with the image in release.image, or
 * EVENT_FAILED.  An image that is there already is only checked.  why is
 * unused: this is an action of the rollout.
 */
void resolve_begin(struct service *, const char *why);

/* End it without an event. */
void resolve_cancel(struct service *);

#endif
