/* SPDX-License-Identifier: ISC */
/*
 * The rollout that is under way, or was the last, as the parts of the service
 * see it.
 */
#ifndef CORE_RELEASE_H
#define CORE_RELEASE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "config/options.h"
#include "core/rollout.h"

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

/* What an action has brought about, until the action is over. */
#define RELEASE_WAITING 4

struct release_waiting {
	enum rollout_event event;
	bool has_why;
	char why[RELEASE_WHY];
};

struct release {
	struct rollout rollout;
	/* By enum rollout_action. */
	void (*const *actions)(struct service *, const char *why);
	bool acts; /* an action is being carried out */
	struct release_waiting waiting[RELEASE_WAITING];
	size_t nwaiting;
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
	int64_t tick_ms;     /* rollout/deadline.c: when it looks next */
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

#endif
