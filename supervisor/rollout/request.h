/* SPDX-License-Identifier: ISC */
/*
 * Requests of people: begin a rollout, promote it, abort it.  Chooses the image
 * of a rollback.
 */
#ifndef ROLLOUT_REQUEST_H
#define ROLLOUT_REQUEST_H

#include "core/release.h"

/* All borrowed, and copied where it is kept. */
struct request {
	enum release_kind kind;
	char *const *program; /* NULL: the same command line */
	const char *exe;      /* NULL: as before, or argv[0] of program */
	const char
	    *directory; /* both are relative to it; NULL: the current one */
	const json_t *options; /* NULL: no option changes */
	unsigned int to;       /* of a rollback; 0: the last good one */
	const char *id;	       /* shorter than RELEASE_ID; NULL: none */
	struct asker by;
};

enum request_answer {
	REQUEST_BEGUN,	    /* it may be done already */
	REQUEST_REFUSED,    /* under way, nothing to roll back to, ending */
	REQUEST_BAD_OPTION, /* key names the option */
};

/*
 * Begin a rollout.  If it does not begin, why says so, and *key, borrowed,
 * names the option at fault.  events_outcome reports the outcome; for a
 * rollback to a parked generation that may be before the return.
 */
enum request_answer request_begin(struct service *, const struct request *,
    const char **key, char *why, size_t size);

/* Plan the candidate's shares, as the options say. */
void request_plan(struct service *);

/*
 * Keep the options and the command line of the request, or return to those
 * before it.
 */
void request_keep(struct service *);
void request_undo(struct service *);

/* -1 with why if the state of the rollout does not allow it. */
int request_promote(struct service *, char *why, size_t size);
int request_abort(struct service *, char *why, size_t size);

/* Hold the candidate at this share, 0 to 100.  -1 with why, the same. */
int request_split(
    struct service *, unsigned int percent, char *why, size_t size);

/*
 * Can the listeners do what these options ask for?  -1 with why, and *key names
 * the option at fault.
 */
int request_check_options(const struct service *, const struct options *,
    const char **key, char *why, size_t size);

/*
 * The active generation cannot be kept running: let the parked one take over,
 * or the candidate of the rollout.  False if there is none.
 */
bool request_rescue(struct service *, const char *why);

/*
 * Return to the old generation: abort the rollout, or roll back.  False, with a
 * log line that names how it was asked, if that is not possible.
 */
bool request_turn_back(struct service *, const struct asker *);

#endif
