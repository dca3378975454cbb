/* SPDX-License-Identifier: ISC */
/*
 * The service: owns the generations, the listeners and the rollout, and ties
 * the rooms of the floor below together.  One in a process.
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <event2/event.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "keep/journal.h"
#include "process/origin.h"
#include "service/events.h"
#include "service/generation.h"
#include "service/options.h"
#include "service/release.h"
#include "traffic/listener.h"

struct account;
struct control;
struct held;
struct stored;
struct hooks;
struct output;
struct pidfiles;
struct signals;
struct manager;
struct recovery;
struct reexec;
struct state_ops;

struct service {
	struct event_base *base;
	struct options *options; /* in force */
	char **program;		 /* the command line last asked for */
	char *exe;		 /* its file, where that is not argv[0] */
	char runtime[PATH_MAX];
	char state[PATH_MAX];
	char mark[ORIGIN_MARK];	     /* of its programs, service/mark.h */
	struct listener **listeners; /* those of --listen first */
	size_t nlisteners;
	size_t ndeclared; /* of --listen; the others are programs' own */
	struct generation_list generations; /* oldest first */
	unsigned int last_number;
	struct generation *active; /* NULL before the first one serves */
	struct generation *parked;
	struct release release;
	struct events events;
	struct journal *journal;
	struct control *control;
	struct hooks *hooks;
	struct output *output;
	struct account *user; /* of helpers, NULL: not looked up */
	struct pidfiles *pidfiles;
	struct signals *signals;
	struct held *held;
	struct stored *stored;
	struct recovery *recovery;
	const struct state_ops *state_ops; /* NULL: nobody keeps it */
	struct manager *manager;
	struct reexec *reexec;
	unsigned int outcomes[3]; /* so often, by enum outcome_result */
	int64_t outcomes_ms[3];	  /* all of them together, likewise */
	struct {
		unsigned int count;
		int64_t last_ms, total_ms;
	} pauses;      /* of --strategy exclusive */
	int report_fd; /* -1 once the first generation's fate is told */
	bool ending;
	int exit_status;
};

/*
 * Supervise until the service ends: what a predecessor has left, or else
 * what first, borrowed, says (service/recovery.h).  Returns an exit status of
 * hotswap(1).
 */
int service_run(const json_t *first);

/*
 * Make, of one that is all zero, what its parts need before the first of them
 * is made or restored; nothing runs yet.  -1 with errno.
 */
int service_prepare(struct service *);

/* The first generation serves, or why it will not. */
void service_report(struct service *, bool ready, const char *text);

/*
 * Stop all generations and end with this exit status; now: without draining.
 * Asked again with now, it stops waiting for connections.
 */
void service_end(struct service *, int exit_status, bool now);

/* A generation has come to its end: if all have and we are ending, end. */
void service_settle(struct service *);

#endif
