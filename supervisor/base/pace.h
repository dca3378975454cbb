/* SPDX-License-Identifier: ISC */
/*
 * How often something may happen, and how much of the supervisor's time a peer
 * may use: requests may cost the peer its time, and the supervisor little.
 */
#ifndef BASE_PACE_H
#define BASE_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing has happened yet. */
struct pace {
	int64_t since_ms; /* start of the present span */
	unsigned int n;	  /* how often it happened in the span */
};

/* May it happen now?  At most `most` times in each span of span_ms. */
bool pace_allows(struct pace *, unsigned int most, unsigned int span_ms);

#define SHARE_PART	 5 /* a peer may use one of so many parts of the time */
#define SHARE_SAVED_USEC 20000 /* that may be used at once after a rest */

/*
 * What one peer uses of the supervisor's time.  All zero: nothing yet.
 * used_usec below 0 is time that the peer is given once.
 */
struct share {
	int64_t saved_usec; /* in place of SHARE_SAVED_USEC; 0: that one */
	int64_t used_usec;  /* less what the time since has earned */
	int64_t at_usec;    /* when used_usec was computed */
};

/*
 * Processor time of this process in microseconds: the difference of two values
 * is what something took, however busy the system is.
 */
int64_t share_clock_usec(void);

/* The same in elapsed time, so that waiting counts too. */
int64_t share_wall_usec(void);

/*
 * Count time that the peer has used until now.  Returns for how many
 * milliseconds the peer must rest; 0: it may go on.
 */
unsigned int share_use(struct share *, int64_t usec);

#endif
