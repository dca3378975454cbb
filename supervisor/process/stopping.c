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

#define LEFTOVER_MS 2000 /* for processes that outlive the main process */

/* Milliseconds from one look to the next: at first, and at the most. */
struct pace {
	unsigned int first;
	unsigned int longest;
};

/*
 * A look scans all processes of the system.  While the main process lives,
 * whose end is told, a look finds only new members of the tree.
 */
static const struct pace pace_main = { 50, 1000 }, pace_leftovers = { 2, 50 };

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
	stopping->look_ms = 0;
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

/* Schedule the next look, no later than the end of the phase. */
static void
look_again(struct stopping *stopping)
{
	bool lives = main_process_pid(stopping->main) != 0;
	const struct pace *pace = lives && stopping->phase != STOP_KILL
	    ? &pace_main
	    : &pace_leftovers;
	int64_t left = stopping->deadline - clock_ms();

	stopping->look_ms *= 2;
	if (stopping->look_ms < pace->first)
		stopping->look_ms = pace->first;
	if (stopping->look_ms > pace->longest)
		stopping->look_ms = pace->longest;
	stopping_schedule(stopping,
	    left > 0 && left < stopping->look_ms ? (unsigned int)left
						 : stopping->look_ms);
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
	look_again(stopping);
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
		if (deadline < stopping->deadline) {
			stopping->deadline = deadline;
			look_again(stopping);
		}
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
	stopping->look_ms = 0;
	stopping_proceed(-1, 0, stopping);
}

bool
stopping_is_under_way(const struct stopping *stopping)
{
	return stopping->phase != STOP_NONE;
}
