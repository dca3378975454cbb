/* SPDX-License-Identifier: ISC */
/*
 * How often something may happen, and how much of our time others may use:
 * what they ask for may cost them theirs, and little of ours.
 */
#ifndef BASE_PACE_H
#define BASE_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing has happened yet. */
struct pace {
	int64_t since_ms; /* when the present span began */
	unsigned int n;	  /* what was allowed in it */
};

/* May it happen now?  At most this often in each span of so many ms. */
bool pace_allows(struct pace *, unsigned int most, unsigned int span_ms);

#define SHARE_PART	 5     /* one of so many parts of our time */
#define SHARE_SAVED_USEC 20000 /* that may be used at once after a rest */

/*
 * What one peer uses of our time.  All zero: nothing yet; used_usec below 0 is
 * time that is given once, to begin with.
 */
struct share {
	int64_t saved_usec; /* as SHARE_SAVED_USEC, which it is if this is 0 */
	int64_t used_usec;  /* and not made up for by the time since */
	int64_t at_usec;    /* when that was so */
};

/*
 * Microseconds of the processor that we have had: a difference of two is what
 * something took, however busy the system is.
 */
int64_t share_clock_usec(void);

/* The same where what we wait for counts as well: a difference of two. */
int64_t share_wall_usec(void);

/*
 * So much was used until now.  Returns for how many milliseconds its peer has
 * to rest; 0: it may go on.
 */
unsigned int share_use(struct share *, int64_t usec);

#endif
