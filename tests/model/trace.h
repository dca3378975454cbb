/* SPDX-License-Identifier: ISC */
/*
 * What tests/model/rollout.pml asks about the events of a service that really
 * ran, when it is built with -DTRACE.
 */
#ifndef MODEL_TRACE_H
#define MODEL_TRACE_H

/*
 * Is the event at this position the one that the model would tell?  event,
 * share and state are its TOLD_..., SHARE_... and ROLLOUT_...
 */
int trace_fits(
    int position, int event, int generation, int active, int share, int state);

/* Who serves alone where the events begin; 0: with them the service begins. */
int trace_active(void);

/* Does the event at this position tell of this generation? */
int trace_is_about(int position, int generation);

/* All events before this position fit; does not return after the last. */
void trace_reached(int position);

/*
 * Does one of the next events tell that the supervisor had ended, and may it
 * have been killed once more since the last one that tells that?
 */
int trace_may_be_killed(int position, int kills);

#endif
