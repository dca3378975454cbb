/* SPDX-License-Identifier: ISC */
/*
 * The service, as its parts see it: the generations, the listeners and the
 * rollout.  There is one in a process.
 */
#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

#include <event2/event.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "keep/journal.h"
#include "process/origin.h"
#include "core/generation.h"
#include "config/options.h"
#include "core/release.h"
#include "traffic/listener.h"

struct account;
struct control;
struct events;
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
	struct options *options; /* options in force */
	char **program;		 /* the command line of the last promotion */
	char *exe;		 /* its file, if that is not argv[0] */
	char runtime[PATH_MAX];
	char state[PATH_MAX];
	char mark[ORIGIN_MARK];	     /* of the programs, core/mark.h */
	struct listener **listeners; /* those of --listen first */
	size_t nlisteners;
	unsigned int made; /* listeners that were ever appended to the list */
	enum steering_kind kind; /* what chooses where it can */
	size_t ndeclared; /* number of --listen; the rest are programs' own */
	struct generation_list generations; /* oldest first */
	unsigned int last_number;
	struct generation *active; /* NULL before the first one serves */
	struct generation *parked;
	struct release release;
	const struct generation_events *generation_events;
	/* The program has another main process now; may be NULL. */
	void (*main_changed)(struct service *);
	struct events *events;
	struct journal *journal;
	struct journal *summaries; /* rollout/summary.h */
	struct control *control;
	struct hooks *hooks;
	struct output *output;
	struct account *user; /* of helpers; NULL: not looked up yet */
	struct pidfiles *pidfiles;
	struct signals *signals;
	struct image_job *tidy; /* of kept folders; NULL: none */
	unsigned int tidied;	/* which, generation/prune.c */
	struct held *held;
	struct stored *stored;
	struct recovery *recovery;
	const struct state_ops *state_ops; /* NULL: no checkpoint is kept */
	struct manager *manager;
	struct reexec *reexec;
	unsigned int outcomes[3]; /* number of each enum outcome_result */
	int64_t outcomes_ms[3];	  /* their time in all */
	json_t *last;		  /* outcome of the last one; NULL: none */
	struct {
		unsigned int count;
		int64_t last_ms, total_ms;
	} pauses;      /* of --strategy exclusive */
	int report_fd; /* -1 once the first start is reported */
	bool adopted;  /* this process took over a running service */
	bool ending;
	bool ended; /* all has ended: leave the loop */
	int exit_status;
};

#endif
