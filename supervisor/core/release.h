/* SPDX-License-Identifier: ISC */
/*
 * The rollout that is under way, or the last one, as the parts of the service
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
#include "core/chronicle.h"
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
#define RELEASE_ID  64 /* the caller's ID, by which it asks again later */

/* Events that an action has caused; they wait until the action is over. */
#define RELEASE_WAITING 4

struct release_waiting {
	enum rollout_event event;
	bool has_why;
	char why[RELEASE_WHY];
};

struct release {
	struct rollout rollout;
	/* Functions by enum rollout_action. */
	void (*const *actions)(struct service *, const char *why);
	bool acts; /* an action is being carried out */
	struct release_waiting waiting[RELEASE_WAITING];
	size_t nwaiting;
	enum release_kind kind;
	unsigned int from, to;	      /* generation numbers; 0: none (yet) */
	struct generation *candidate; /* NULL before it is made */
	struct generation *old;	      /* NULL in the first start */
	struct image *image; /* resolved, or of the rollback's generation */
	struct image_job *job;
	struct command *check;		/* of --check, while it runs */
	struct readiness *readiness;	/* while the candidate starts */
	struct options *options_before; /* options to return to, or NULL */
	char **program; /* new command line, kept if the rollout succeeds */
	char *exe;
	int64_t deadline_ms; /* of the state; 0: it has none */
	int64_t tick_ms;     /* next wake-up, rollout/deadline.c */
	struct event *timer; /* of the state: start, step or bake time */
	int64_t began_ms;
	int64_t phase_ms;
	int64_t paused_ms;     /* nobody accepts since then; 0: somebody does */
	bool lost;	       /* the old one did not come back */
	char why[RELEASE_WHY]; /* why the old one shall come back */
	char started[CLOCK_STAMP];
	char id[RELEASE_ID]; /* "": it has none */
	json_t *phases;
	struct chronicle chronicle;
	bool untold;	/* its outcome is not in the history yet */
	bool inherited; /* a predecessor began it */
	bool serves;	/* a predecessor wrote that the candidate serves */
	bool handed;	/* a predecessor handed it over to go on */
};

#endif
