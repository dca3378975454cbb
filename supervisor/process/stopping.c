/* SPDX-License-Identifier: ISC */
/*
 * The phases of a stop, and the checks whether it has ended.
 */
#include "process/stopping.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "process/main_process.h"
#include "process/tree.h"

#define LOOK_FIRST_MS	2    /* from one look to the next, at first */
#define LOOK_LONGEST_MS 50   /* and at the most */
#define LEFTOVER_MS	2000 /* for processes that outlive the main process */

enum stop_phase { STOP_NONE, STOP_GRACEFUL, STOP_TERM, STOP_KILL };

struct stopping {
	struct tree *tree;
	struct main_process *main;
	stopping_fn *stopped;
	void *arg;
	enum stop_phase phase;
	int signal;
	int64_t deadline; /* of the phase */
	unsigned int look_ms;
	struct event *timer;
};

static void
stopping_schedule(struct stopping *stopping, unsigned int ms)
{
	struct timeval delay = clock_interval(ms);

	evtimer_add(stopping->timer, &delay);
}

static void
stopping_enter(
    struct stopping *stopping, enum stop_phase phase, unsigned int ms)
{
	stopping->phase = phase;
	stopping->deadline = clock_ms() + ms;
	stopping->look_ms = LOOK_FIRST_MS;
	if (phase == STOP_TERM)
		tree_kill(stopping->tree, SIGTERM);
}

/* Processes are left: is it time for the next phase? */
static void
press(struct stopping *stopping)
{
	bool late = clock_ms() >= stopping->deadline;

	if (stopping->phase == STOP_GRACEFUL &&
	    main_process_pid(stopping->main) == 0)
		stopping_enter(stopping, STOP_TERM, LEFTOVER_MS);
	else if (stopping->phase == STOP_GRACEFUL && late)
		stopping_enter(stopping,
		    stopping->signal == SIGTERM ? STOP_KILL : STOP_TERM,
		    LEFTOVER_MS);
	else if (stopping->phase == STOP_TERM && late)
		stopping_enter(stopping, STOP_KILL, 0);
	/* At each look again, for processes forked meanwhile. */
	if (stopping->phase == STOP_KILL)
		tree_kill(stopping->tree, SIGKILL);
}

/* SIGKILL was long ago, and the end is still not known. */
static bool
is_given_up(const struct stopping *stopping)
{
	return stopping->phase == STOP_KILL &&
	    clock_ms() >= stopping->deadline + LEFTOVER_MS;
}

static void
stopping_proceed(evutil_socket_t fd, short what, void *arg)
{
	struct stopping *stopping = arg;
	const pid_t *pids;
	size_t n;

	/* If /proc cannot be read, all may still run. */
	pids = tree_scan(stopping->tree, &n);
	if (n == 0 && main_process_pid(stopping->main) == 0 &&
	    ((pids != NULL && tree_is_settled(stopping->tree)) ||
		is_given_up(stopping))) {
		evtimer_del(stopping->timer);
		stopping->phase = STOP_NONE;
		stopping->stopped(stopping->arg);
		return;
	}
	press(stopping);
	stopping_schedule(stopping, stopping->look_ms);
	if (stopping->look_ms < LOOK_LONGEST_MS)
		stopping->look_ms *= 2;
}

struct stopping *
stopping_new(struct event_base *base, struct tree *tree,
    struct main_process *main, stopping_fn *stopped, void *arg)
{
	struct stopping *stopping = calloc(1, sizeof(*stopping));

	if (stopping == NULL)
		return NULL;
	stopping->tree = tree;
	stopping->main = main;
	stopping->stopped = stopped;
	stopping->arg = arg;
	if ((stopping->timer = evtimer_new(base, stopping_proceed, stopping)) ==
	    NULL) {
		free(stopping);
		errno = ENOMEM;
		return NULL;
	}
	return stopping;
}

void
stopping_free(struct stopping *stopping)
{
	int saved = errno;

	if (stopping == NULL)
		return;
	event_free(stopping->timer);
	free(stopping);
	errno = saved;
}

void
stopping_begin(struct stopping *stopping, int signal, unsigned int timeout_ms)
{
	int64_t deadline = clock_ms() + timeout_ms;

	stopping->signal = signal;
	if (stopping->phase != STOP_NONE) {
		if (deadline < stopping->deadline)
			stopping->deadline = deadline;
		return;
	}
	main_process_signal(stopping->main, signal);
	stopping_enter(stopping, STOP_GRACEFUL, timeout_ms);
	stopping_schedule(stopping, 0);
}

void
stopping_extend(struct stopping *stopping, int64_t usec)
{
	int64_t deadline = clock_ms() + usec / 1000;

	if (stopping->phase == STOP_GRACEFUL && deadline > stopping->deadline)
		stopping->deadline = deadline;
}

void
stopping_look(struct stopping *stopping)
{
	stopping->look_ms = LOOK_FIRST_MS;
	stopping_proceed(-1, 0, stopping);
}

bool
stopping_is_under_way(const struct stopping *stopping)
{
	return stopping->phase != STOP_NONE;
}
