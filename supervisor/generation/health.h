/* SPDX-License-Identifier: ISC */
/*
 * The health of one generation: a series of checks, one round after the
 * other, each directed at that generation alone.
 */
#ifndef GENERATION_HEALTH_H
#define GENERATION_HEALTH_H

struct generation;
struct health;

enum health_verdict {
	HEALTH_HEALTHY, /* --health-passes in a row have passed */
	HEALTH_SICK,	/* --health-failures in a row have failed */
	HEALTH_COLD,	/* no request of the warm-up has passed */
	HEALTH_ASTRAY, /* a candidate's checks show nothing: the kernel does not
			  keep to the plan (listener_prove) */
};

/*
 * Called after the round that completes the row, or that shows HEALTH_ASTRAY.
 * why is the reason of the last check, borrowed.
 */
typedef void health_fn(
    struct generation *, enum health_verdict, const char *why);

/* How often a generation is checked. */
enum health_pace {
	HEALTH_ROLLOUT, /* every --health-interval */
	HEALTH_STEADY,	/* every HEALTH_STEADY_FACTOR intervals */
};
#define HEALTH_STEADY_FACTOR 10

/*
 * Begin the generation's series with a first round at once; it has one, and a
 * former one ends.  A candidate that never served is warmed up (--warm) when it
 * is healthy, and has to pass once more after that.  Each result is written to
 * generation->checks.  -1 with errno, and it has none.
 */
int health_begin(struct generation *, enum health_pace, health_fn *);

/*
 * Go on with the series at another pace, and tell this function: the next round
 * begins so long after the last one, since what that has shown holds still.
 */
void health_change(struct generation *, enum health_pace, health_fn *);

/* End the series, if there is one. */
void health_end(struct generation *);

#endif
