/* SPDX-License-Identifier: ISC */
/*
 * The service, as its parts see it: the generations, the listeners and the
 * rollout.  One in a process.
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
	struct options *options; /* in force */
	char **program;		 /* the command line last asked for */
	char *exe;		 /* its file, where that is not argv[0] */
	char runtime[PATH_MAX];
	char state[PATH_MAX];
	char mark[ORIGIN_MARK];	     /* of its programs, core/mark.h */
	struct listener **listeners; /* those of --listen first */
	size_t nlisteners;
	size_t ndeclared; /* of --listen; the others are programs' own */
	struct generation_list generations; /* oldest first */
	unsigned int last_number;
	struct generation *active; /* NULL before the first one serves */
	struct generation *parked;
	struct release release;
	const struct generation_events *generation_events;
	/* Another process is a program's main one now; may be NULL. */
	void (*main_changed)(struct service *);
	struct events *events;
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
	bool adopted;  /* what runs was taken over by this process */
	bool ending;
	int exit_status;
};

#endif
