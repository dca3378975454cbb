/* SPDX-License-Identifier: ISC */
/*
 * Hooks: the commands of --hook, run beside the service after an event.  One
 * runs at a time, in the order of the events, for a bounded time.  Their output
 * is logged, and a failure is an event, `hook-failed`.
 */
#ifndef ROLLOUT_HOOKS_H
#define ROLLOUT_HOOKS_H

#include <stdbool.h>

#define HOOKS_EACH_MS 30000 /* the time of one hook */
#define HOOKS_LAST_MS 5000  /* the time of all that are left at the end */
#define HOOKS_MAX     1000  /* hooks that wait; more are not run */

struct hooks;
struct service;

/* Observe the service's events from here on.  *New*; NULL with errno. */
struct hooks *hooks_new(struct service *);

/* Kills the running hook and forgets those that wait.  NULL is allowed. */
void hooks_free(struct hooks *);

/* Does no hook run or wait? */
bool hooks_are_idle(const struct hooks *);

/*
 * To be called after the service's last event.  The hooks that are left have
 * HOOKS_LAST_MS from the first call on; finished is called then, or as soon as
 * none is left.
 */
typedef void hooks_finished(struct service *);
void hooks_finish(struct hooks *, hooks_finished *finished);

#endif
