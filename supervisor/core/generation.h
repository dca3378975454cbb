/* SPDX-License-Identifier: ISC */
/*
 * A generation: one image started once, with its number, role, share, sockets
 * and health, as the parts of the service see it.
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
#include "process/image_plan.h"
#include "process/program.h"

struct service;
struct fdstore;
struct health;
struct latecomers;
struct retirement;
struct wrap;

enum role {
	ROLE_CANDIDATE, /* it is being started and checked */
	ROLE_ACTIVE,
	ROLE_PARKED,   /* alive with share 0, ready to take over again */
	ROLE_DRAINING, /* it is being stopped */
	ROLE_RETIRED,  /* it has ended; its image is kept */
	ROLE_FAILED,   /* it was a candidate and was taken back */
};

enum health_last { HEALTH_NONE, HEALTH_PASS, HEALTH_FAIL };

struct health_record {
	enum health_last last;
	bool sick;	     /* enough failures in a row, no pass since */
	unsigned int passes; /* in all */
	unsigned int failures;
	char reason[256]; /* of the last failure */
};

struct generation {
	TAILQ_ENTRY(generation) entry;
	struct service *service;
	unsigned int number;
	enum role role;
	unsigned int share; /* percent of new connections */
	struct image *image;
	enum image_way way;	 /* of the last start, or of the next one */
	int64_t attempt_ms;	 /* when the program was started */
	struct program *program; /* NULL once it has ended for good */
	struct wrap *wrap;	 /* NULL once it has ended for good */
	struct latecomers *latecomers;
	struct fdstore *store; /* descriptors that its program keeps here */
	char started[CLOCK_STAMP];
	bool reloading;	    /* the program said so, sd_notify(3) */
	bool steers;	    /* see generation/own_steering.h */
	bool crowded;	    /* had connections at the last count */
	struct pace saying; /* of the events of its messages */
	struct pace warned; /* of warnings about its store */
	bool proven;	    /* was promoted once: a rollback may choose it */
	struct health *health;
	struct recheck *recheck; /* under way after a restart */
	struct health_record checks;
	unsigned int arrivals;	       /* times that it was missed before */
	struct retirement *retirement; /* while parked or draining */
	struct hangup *hangup;	       /* of idle connections; NULL: none */
	json_t *unresumed; /* a predecessor's, until it is resumed; or NULL */
	unsigned int restarts;
	unsigned int recent; /* restarts in the window of --restart-limit */
	int64_t window_ms;   /* when that window began */
	unsigned int lacks;  /* starts that failed by a lack, in a row */
	char lacking[512];   /* what has been told of a lack; "": none is */
	struct event *backoff;
	struct image_job *look; /* before it is started again; NULL: none */
	bool quiet;		/* its program may yield, generation/quiet.h */
	struct event *unquiet;	/* when that ends; NULL: it does not yield */
	bool given_up; /* it ended, and the candidate was to take over */
};

TAILQ_HEAD(generation_list, generation);

/*
 * What generations tell the rollout, which decides what follows.  Each function
 * is called from the loop.
 */
struct generation_events {
	/* The program says that it is ready. */
	void (*ready)(struct generation *);

	/* The program listens at one more address. */
	void (*listens)(struct generation *);

	/*
	 * A socket of the generation was closed, because no process had it any
	 * more.
	 */
	void (*closed)(struct generation *);

	/* It was started again, and is healthy. */
	void (*rechecked)(struct generation *);

	/* The program asks for more time to start, sd_notify(3). */
	void (*extend)(struct generation *, int64_t usec);

	/*
	 * The program has ended or hangs, though nobody stopped it; how says it
	 * for people.  Returns whether the rollout handles that.
	 */
	bool (*ended)(struct generation *, const char *how);

	/*
	 * The rest of its processes shall end: the program is not started
	 * again.
	 */
	void (*left)(struct generation *);

	/* All processes that were to end have ended. */
	void (*stopped)(struct generation *);

	/*
	 * The active generation ends again and again: it is not started again.
	 */
	void (*given_up)(struct generation *, int status, const char *why);

	/*
	 * The active generation cannot be started for lack of something, for as
	 * many tries as --restart-limit allows restarts.  It will be tried
	 * again unless it gives way, and may be gone on return.
	 */
	void (*lacking)(struct generation *, const char *why);
};

#endif
