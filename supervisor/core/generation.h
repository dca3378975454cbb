/* SPDX-License-Identifier: ISC */
/*
 * A generation: one image started once, with its number, role, share,
 * sockets and health, as the parts of the service see it.
 */
#ifndef CORE_GENERATION_H
#define CORE_GENERATION_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/credentials.h"
#include "base/pace.h"
#include "process/image.h"
#include "process/program.h"

struct service;
struct fdstore;
struct health;
struct latecomers;
struct retirement;
struct wrap;

enum role {
	ROLE_CANDIDATE, /* being started and checked */
	ROLE_ACTIVE,
	ROLE_PARKED,   /* alive with share 0, ready to take over again */
	ROLE_DRAINING, /* being stopped */
	ROLE_RETIRED,  /* stopped; its image is kept */
	ROLE_FAILED,   /* was a candidate, and was taken back */
};

enum health_last { HEALTH_NONE, HEALTH_PASS, HEALTH_FAIL };

struct health_record {
	enum health_last last;
	bool sick;	     /* enough failures in a row, no passes since */
	unsigned int passes; /* in all */
	unsigned int failures;
	char reason[256]; /* of the last one */
};

struct generation {
	TAILQ_ENTRY(generation) entry;
	struct service *service;
	unsigned int number;
	enum role role;
	unsigned int share; /* percent of new connections */
	struct image *image;
	struct program *program; /* NULL once it has ended for good */
	struct wrap *wrap;	 /* likewise */
	struct latecomers *latecomers;
	struct fdstore *store; /* what its program keeps with us */
	char started[CLOCK_STAMP];
	bool reloading;	    /* so it said, sd_notify(3) */
	bool steers;	    /* see generation/own_steering.h */
	bool crowded;	    /* had connections when they were counted last */
	struct pace saying; /* of its intentions, which are events */
	struct pace warned; /* of what it asks of its store */
	bool proven;	    /* was promoted once: good to go back to */
	struct health *health;
	struct health_record checks;
	struct retirement *retirement; /* while parked or draining */
	unsigned int restarts;
	unsigned int recent; /* restarts in the window of --restart-limit */
	int64_t window_ms;   /* when that window began */
	struct event *backoff;
	bool given_up; /* it ended, and the candidate was to serve instead */
};

TAILQ_HEAD(generation_list, generation);

/*
 * What generations tell the service, which decides what follows; each is
 * called from the loop.
 */
struct generation_events {
	/* Its program says that it is ready. */
	void (*ready)(struct generation *);

	/* Its program listens on one address more. */
	void (*listens)(struct generation *);

	/* A socket of its was closed, as nobody had it any more. */
	void (*closed)(struct generation *);

	/* It asks for more time to start, sd_notify(3). */
	void (*extend)(struct generation *, int64_t usec);

	/*
	 * Its program has ended, or hangs, and nobody asked it to: how, for
	 * people.  Returns whether that was the rollout's affair.
	 */
	bool (*ended)(struct generation *, const char *how);

	/* What is left of it is to be ended: nobody starts it again. */
	void (*left)(struct generation *);

	/* All of it has ended that was to end. */
	void (*stopped)(struct generation *);

	/* It cannot be kept running, and it was what served. */
	void (*given_up)(struct generation *, int status, const char *why);
};

#endif
