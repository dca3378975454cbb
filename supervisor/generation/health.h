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
	HEALTH_ASTRAY,	/* the checks of a candidate show nothing: the kernel
			 * does not keep to the plan (listener_prove) */
};

/*
 * Called at the round that completes the row, or shows the last.  why is of
 * the last check, borrowed.
 */
typedef void health_fn(
    struct generation *, enum health_verdict, const char *why);

/* How often a generation is looked at. */
enum health_pace {
	HEALTH_ROLLOUT, /* every --health-interval */
	HEALTH_STEADY,	/* every HEALTH_STEADY_FACTOR of them */
};
#define HEALTH_STEADY_FACTOR 10

/*
 * Begin, with a first round at once.  Each result goes to
 * generation->checks.  *New*; NULL with errno.
 */
struct health *health_start(struct generation *, enum health_pace, health_fn *);
void health_stop(struct health *);

#define HEALTH_SOURCE 96 /* room for any source */

/*
 * Where a check of this generation comes from: 127.83.H.L, or a range of
 * ports of ::1 where only IPv6 reaches what the check speaks of.
 */
void health_source(const struct generation *, const char *check,
    char source[static HEALTH_SOURCE]);

#endif
