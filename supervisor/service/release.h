/* SPDX-License-Identifier: ISC */
/*
 * Carries out a rollout: what service/rollout.c decides is done here, with
 * images, generations, checks and shares.
 */
#ifndef SERVICE_RELEASE_H
#define SERVICE_RELEASE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "service/options.h"
#include "service/rollout.h"

struct command;
struct generation;
struct image;
struct image_job;
struct readiness;
struct service;

enum release_kind {
	RELEASE_FIRST, /* the start of the service */
	RELEASE_UPGRADE,
	RELEASE_RESTART,
	RELEASE_ROLLBACK,
};

#define RELEASE_WHY 512
#define RELEASE_ID  64 /* of who asks, to ask again after our end */

struct release {
	struct rollout rollout;
	enum release_kind kind;
	unsigned int from, to;	      /* generation numbers; 0: none (yet) */
	struct generation *candidate; /* NULL before it is made */
	struct generation *old;	      /* NULL in the first start */
	struct image *image;	      /* resolved, or to go back to */
	struct image_job *job;
	struct command *check;		/* of --check, while it runs */
	struct readiness *readiness;	/* while the candidate starts */
	struct options *options_before; /* those to return to, or NULL */
	char **program; /* new command line, to stay if it succeeds */
	char *exe;
	int64_t deadline_ms; /* of the state; 0: it has none */
	int64_t tick_ms;     /* service/deadline.c: when it looks next */
	struct event *timer; /* of the state: start, step or bake time */
	int64_t began_ms;
	int64_t phase_ms;
	int64_t paused_ms;     /* since when nobody accepts; 0: somebody does */
	bool lost;	       /* the old one did not come back */
	char why[RELEASE_WHY]; /* it is on the way back, while it is */
	char started[CLOCK_STAMP];
	char id[RELEASE_ID]; /* "": it has none */
	json_t *phases;
	bool untold;	/* its outcome is not in the history yet */
	bool inherited; /* it was a predecessor's */
	bool handed;	/* who meant it to go on where it was */
};

void release_init(struct service *);
void release_fini(struct service *);

/*
 * Something happened to the rollout; why is for people, borrowed.  Returns
 * whether it had a place in the present state; all that follows is done.
 */
bool release_take(struct service *, enum rollout_event, const char *why);

/*
 * Give the candidate this share, 0 to 100, and hold the rollout there.
 * Returns whether that had a place in the present state.
 */
bool release_split(struct service *, unsigned int percent);

/*
 * What generations tell.  Each returns whether it was the rollout's affair:
 * of the candidate while a rollout is under way.
 */
bool release_ready(struct generation *);
bool release_ended(struct generation *, const char *how);

/* Its program listens on one address more. */
void release_listens(struct generation *);
/* What a successor must know, *new*. */
json_t *release_save(const struct release *);

/* Take over what release_save has said; the generations are there.  -1. */
int release_restore(struct service *, const json_t *);

/*
 * Then, once all else is restored and the loop is about to run: finish what
 * had all the traffic, take back what had not.  A first start goes on.
 */
void release_resume(struct service *);

/*
 * Pieces of a rollout's course that release_resume takes up: check the
 * candidate while the state lasts, so long (-1: until somebody ends it); let
 * go of what was kept for it.
 */
void release_watch(struct service *, int64_t ms);
void release_clear(struct service *);

/* The candidate asks for more time to start, sd_notify(3). */
void release_extend(struct generation *, int64_t usec);

/* For service/exclusive.c, which carries out a part of the actions. */

/* The candidate, without sockets, not started.  -1 with why. */
int release_make_candidate(struct service *, char why[static RELEASE_WHY]);

/* Wait until it is ready, at the most until the deadline. */
void release_await_ready(struct service *);

/* The active one is checked now and then, if a check was asked for. */
void release_look_after(struct generation *active);

/* In percent; the old one gets the rest.  Not put in force yet. */
void release_set_shares(struct release *, unsigned int candidate);

/* It is over without a new generation: say so, and let go of it. */
void release_tell_back(struct service *, const char *why);

#endif
