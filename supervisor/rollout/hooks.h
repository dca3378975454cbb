/* SPDX-License-Identifier: ISC */
/*
 * Hooks: the commands of --hook, run beside the service when something has
 * happened.  One at a time, in the order of the events; each for a bounded
 * time; what they say is logged, and a failure is an event, `hook-failed`.
 */
#ifndef ROLLOUT_HOOKS_H
#define ROLLOUT_HOOKS_H

#include <stdbool.h>

#define HOOKS_EACH_MS 30000 /* what one may take */
#define HOOKS_LAST_MS 5000  /* all that are left when the service has ended */
#define HOOKS_MAX     1000  /* that wait; what comes then is not run */

struct hooks;
struct service;

/* Observe the service's events from here on.  *New*; NULL with errno. */
struct hooks *hooks_new(struct service *);

/* What still runs is killed; what waits is forgotten.  NULL is fine. */
void hooks_free(struct hooks *);

/* Nothing runs and nothing waits. */
bool hooks_are_idle(const struct hooks *);

/*
 * The service's last event has happened.  Those that are left have
 * HOOKS_LAST_MS from the first call on; then, or once none is left, finished
 * is called.
 */
typedef void hooks_finished(struct service *);
void hooks_finish(struct hooks *, hooks_finished *finished);

#endif
