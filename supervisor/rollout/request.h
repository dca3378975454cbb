/* SPDX-License-Identifier: ISC */
/*
 * What people ask of a rollout: begin one, promote it, abort it.  Chooses
 * the image that a rollback goes to.
 */
#ifndef ROLLOUT_REQUEST_H
#define ROLLOUT_REQUEST_H

#include "core/release.h"

/* All borrowed, and copied where it is kept. */
struct request {
	enum release_kind kind;
	char *const *program;  /* NULL: the same command line */
	const char *exe;       /* NULL: as before, or argv[0] of program */
	const char *directory; /* what both are relative to; NULL: ours */
	const json_t *options; /* NULL: none */
	unsigned int to;       /* of a rollback: 0 is the last good one */
	const char *id;	       /* shorter than RELEASE_ID; NULL: none */
};

enum request_answer {
	REQUEST_BEGUN,	    /* or even done already */
	REQUEST_REFUSED,    /* under way, nothing to roll back to, ending */
	REQUEST_BAD_OPTION, /* key names it */
};

/*
 * Begin a rollout.  If it does not begin, why says so, and *key, borrowed,
 * names the option at fault.  The outcome comes through
 * events_outcome, for a rollback to a parked generation before the return.
 */
enum request_answer request_begin(struct service *, const struct request *,
    const char **key, char why[static RELEASE_WHY]);

/* Plan the shares on the candidate's way, as the options say. */
void request_plan(struct service *);

/* The options and the command line that it came with stay, or do not. */
void request_keep(struct service *);
void request_undo(struct service *);

/* -1 with why if it has no place now. */
int request_promote(struct service *, char why[static RELEASE_WHY]);
int request_abort(struct service *, char why[static RELEASE_WHY]);

/* Hold the candidate at this share, 0 to 100.  -1 with why, likewise. */
int request_split(
    struct service *, unsigned int percent, char why[static RELEASE_WHY]);

/*
 * Can the listeners do what these options ask for?  -1 with why, and *key
 * names the option at fault.
 */
int request_check_options(const struct service *, const struct options *,
    const char **key, char why[static RELEASE_WHY]);

/*
 * The active generation cannot be kept running: let the parked one take
 * over, or the candidate that is being checked.  False if there is none.
 */
bool request_rescue(struct service *, const char *why);

/*
 * Go back to the old generation: out of a rollout, or to the parked one.
 * False, told in the log behind the signal's name, if there is none.
 */
bool request_turn_back(struct service *, const char *signal);

#endif
