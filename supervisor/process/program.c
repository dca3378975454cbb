/* SPDX-License-Identifier: ISC */
/*
 * A program that runs: watches its main process, follows it when it
 * daemonises or names another by MAINPID, and ends the whole tree on
 * request.  Must never block: everything is an event or a timer.
 */
#include "process/program.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "process/lines.h"
#include "process/origin.h"
#include "process/reaper.h"
#include "process/sweep.h"
#include "process/tree.h"
#include "process/watchdog.h"
#include "process/watched.h"

#define LOOK_FIRST_MS	2    /* while stopping, look for the end: first */
#define LOOK_LONGEST_MS 50   /* and at the longest */
#define LEFTOVER_MS	2000 /* for what outlives a main process that stopped */
#define CLAIM_MS	100 /* from one look at what MAINPID= says to the next */

enum stop_phase { STOP_NONE, STOP_GRACEFUL, STOP_TERM, STOP_KILL };

/* What MAINPID= said last, until it is looked into. */
struct claim {
	pid_t pid; /* 0: nothing */
	pid_t sender;
	bool trusted; /* the sender was known as a member when it said so */
};

struct program {
	struct event_base *base;
	const struct program_events *events;
	void *arg;
	unsigned int generation;
	struct tree *tree;
	struct origin origin;
	struct notify *notify;
	struct watchdog *watchdog;
	struct watched *main;
	bool ready;
	char status[256];
	enum stop_phase phase;
	struct program_stop stop;
	int64_t deadline; /* of the phase */
	unsigned int look_ms;
	struct event *timer;
	struct claim claim;
	struct event *claimed; /* pending until the claim's turn */
	int64_t looked_ms;     /* when the last one was looked into */
};

static void main_ended(pid_t, int, void *);
static void look(evutil_socket_t, short, void *);

static int
watch_main(struct program *program, pid_t pid)
{
	/* Ourselves, of whom a checkpoint of an older build may speak. */
	if (tree_add(program->tree, pid) == -1 && errno == EINVAL)
		return -1;
	return watched_set(program->main, pid);
}

static void
look_after(struct program *program, unsigned int ms)
{
	struct timeval delay = clock_interval(ms);

	evtimer_add(program->timer, &delay);
}

/*
 * A stray of the last scan that nobody watches, and that has the program's
 * sockets.  Those that are watched are our own helpers, which may have them
 * as well, or another generation's.
 */
static bool
is_daemon(struct program *program, pid_t pid)
{
	return !reaper_watches(pid) && !foreign_is_closer(pid) &&
	    program->events->owns(pid, program->arg);
}

/*
 * A program that daemonises ends its first process with 0 and leaves the
 * real one behind, which came to us as the subreaper.
 */
static bool
follow_daemon(struct program *program, int status)
{
	const pid_t *pids;
	pid_t *strays;
	bool found = false;
	size_t n, i;

	if (status != 0 && status != REAPER_UNKNOWN)
		return false;
	while ((pids = tree_scan(program->tree, &n)) != NULL && n > 0) {
		if (watch_main(program, pids[0]) == 0)
			return true;
		if (errno != ESRCH) /* it has not ended since the scan */
			return false;
	}
	if (!tree_is_settled(program->tree)) {
		look_after(program, LOOK_FIRST_MS);
		return true;
	}
	if ((strays = tree_strays(program->tree, &n)) == NULL)
		return false;
	for (i = 0; i < n && !found; i++)
		found = is_daemon(program, strays[i]) &&
		    watch_main(program, strays[i]) == 0;
	free(strays);
	return found;
}

/* No main process is left: is it the end? */
static void
look_for_daemon(struct program *program, int status)
{
	char how[64];
	const pid_t *pids;
	size_t n;

	if (follow_daemon(program, status))
		return;
	watchdog_rest(program->watchdog);
	pids = tree_scan(program->tree, &n);
	sweep_start(program->base, pids, n, program->stop.signal,
	    program->stop.timeout_ms);
	reaper_describe(status, how, sizeof(how));
	program->events->ended(status, how, program->arg);
}

static void
main_ended(pid_t pid, int status, void *arg)
{
	struct program *program = arg;

	if (program->phase == STOP_NONE) {
		look_for_daemon(program, status);
		return;
	}
	program->look_ms = LOOK_FIRST_MS;
	look(-1, 0, program);
}

/*
 * Is it one of the program's, as of the last scan?  What a program says
 * decides whom we signal, and it may have less rights than we have.  That a
 * process has the program's sockets is no proof: we and our keeper have them.
 */
static bool
belongs(struct program *program, pid_t pid)
{
	pid_t *strays;
	bool found = false;
	size_t i, n;

	if (tree_knows(program->tree, pid))
		return true;
	if ((strays = tree_strays(program->tree, &n)) == NULL)
		return false;
	for (i = 0; i < n && !found; i++)
		found = strays[i] == pid && is_daemon(program, pid);
	free(strays);
	return found;
}

/* The claim's turn has come: who said so, and of whom? */
static void
settle_claim(struct program *program)
{
	struct claim claim = program->claim;
	size_t n;

	program->claim = (struct claim){ 0 };
	if (claim.pid == 0 || claim.pid == program_main(program))
		return;
	if (!tree_knows(program->tree, claim.pid) ||
	    !(claim.trusted || tree_knows(program->tree, claim.sender)))
		tree_scan(program->tree, &n);
	program->looked_ms = clock_ms();
	if ((claim.trusted || belongs(program, claim.sender)) &&
	    belongs(program, claim.pid) && watch_main(program, claim.pid) == 0)
		program->events->followed(program->arg);
}

static void
claim_is_due(evutil_socket_t fd, short what, void *arg)
{
	settle_claim(arg);
}

/*
 * A look may have to go over all processes of the system: so only the newest
 * of those that come soon after another counts.
 */
static void
claim_main(struct program *program, const struct notify_message *message)
{
	int64_t wait = program->looked_ms + CLAIM_MS - clock_ms();
	struct timeval delay = clock_interval(wait);

	program->claim = (struct claim){ message->main_pid, message->sender,
		tree_knows(program->tree, message->sender) };
	if (evtimer_pending(program->claimed, NULL))
		return;
	if (wait <= 0)
		settle_claim(program);
	else
		evtimer_add(program->claimed, &delay);
}

/* While it is being stopped politely: it needs more time. */
static void
extend_stop(struct program *program, int64_t usec)
{
	int64_t deadline = clock_ms() + usec / 1000;

	if (program->phase == STOP_GRACEFUL && deadline > program->deadline)
		program->deadline = deadline;
}

/* Fit for JSON: what is not would cost the whole account of the program. */
static void
take_status(struct program *program, const char *text)
{
	struct lines lines;

	lines_init(&lines, NULL, NULL);
	lines_feed(&lines, text, strnlen(text, sizeof(program->status) - 1));
	lines_end(&lines);
	strlcpy(program->status, lines_last(&lines), sizeof(program->status));
}

static void
told(const struct notify_message *message, void *arg)
{
	struct program *program = arg;

	if (message->status != NULL)
		take_status(program, message->status);
	if (message->main_pid > 0)
		claim_main(program, message);
	if (message->extend_usec >= 0)
		extend_stop(program, message->extend_usec);
	if (message->ready && !program->ready) {
		program->ready = true;
		program->events->ready(program->arg);
	}
	watchdog_hear(program->watchdog, message);
	program->events->told(message, program->arg);
}

static void
listen_to_all(void *arg)
{
	notify_listen(((struct program *)arg)->notify);
}

static void
watchdog_failed(const char *how, void *arg)
{
	struct program *program = arg;

	program->events->hung(how, program->arg);
}

static void
watchdog_signals(int number, void *arg)
{
	program_signal(arg, number);
}

static const struct watchdog_events watchdog_events = {
	.listen = listen_to_all,
	.failed = watchdog_failed,
	.signal = watchdog_signals,
};

struct program *
program_new(struct event_base *base, const char *name, unsigned int generation,
    const char *notify_dir, const struct origin *origin, gid_t gid,
    int inherited_fd, const struct program_stop *stop,
    const struct program_events *events, void *arg)
{
	struct program *program;
	char path[PATH_MAX];

	if ((program = calloc(1, sizeof(*program))) == NULL) {
		fd_close(&inherited_fd);
		return NULL;
	}
	program->base = base;
	program->events = events;
	program->arg = arg;
	program->generation = generation;
	program->origin = *origin;
	program->stop = *stop;
	snprintf(path, sizeof(path), "%s/%s.notify.%u", notify_dir, name,
	    generation);
	program->main = watched_new(base, main_ended, program);
	program->timer = evtimer_new(base, look, program);
	program->claimed = evtimer_new(base, claim_is_due, program);
	program->looked_ms = -CLAIM_MS;
	program->watchdog =
	    watchdog_new(base, stop->timeout_ms, &watchdog_events, program);
	program->notify = notify_new(
	    base, path, origin->uid, gid, inherited_fd, told, program);
	if (program->notify != NULL)
		program->tree =
		    tree_new(name, generation, notify_path(program->notify));
	if (program->main == NULL || program->tree == NULL ||
	    program->timer == NULL || program->claimed == NULL ||
	    program->watchdog == NULL) {
		program_free(program);
		return NULL;
	}
	tree_set_origin(program->tree, origin);
	return program;
}

int
program_notify_fd(const struct program *program)
{
	return notify_fd(program->notify);
}

const char *
program_notify_path(const struct program *program)
{
	return notify_path(program->notify);
}

/* NULL: none, since a build that knew no marks has started it. */
static const char *
mark_of(const struct program *program)
{
	const char *mark = program->origin.mark;

	return mark[0] != '\0' ? mark : NULL;
}

/* It stays as it was begun: what it has left behind has no other mark. */
static void
restore_mark(struct program *program, const json_t *saved)
{
	const char *mark = json_string_value(json_object_get(saved, "mark"));

	program->origin.mark[0] = '\0';
	if (mark != NULL && origin_is_mark(mark))
		strlcpy(program->origin.mark, mark, ORIGIN_MARK);
	tree_set_origin(program->tree, &program->origin);
}

json_t *
program_save(const struct program *program)
{
	pid_t main = program_main(program);
	unsigned long long start = 0;

	if (main != 0)
		tree_start_time(main, &start);
	return json_pack("{ss sI sI sb ss so ss*}", "notify",
	    notify_path(program->notify), "main", (json_int_t)main, "start",
	    (json_int_t)start, "ready", (int)program->ready, "status",
	    program->status, "watchdog", watchdog_save(program->watchdog),
	    "mark", mark_of(program));
}

void
program_restore(struct program *program, const json_t *saved)
{
	pid_t main = (pid_t)json_integer_value(json_object_get(saved, "main"));
	json_int_t start = json_integer_value(json_object_get(saved, "start"));
	const char *status =
	    json_string_value(json_object_get(saved, "status"));
	unsigned long long now;
	const pid_t *pids;
	size_t n;

	restore_mark(program, saved);
	program->ready = json_is_true(json_object_get(saved, "ready"));
	strlcpy(program->status, status != NULL ? status : "",
	    sizeof(program->status));
	watchdog_restore(program->watchdog, json_object_get(saved, "watchdog"));
	if (main == 0) {
		pids = tree_scan(program->tree, &n);
		if (n > 0)
			watch_main(program, pids[0]);
	} else if (tree_start_time(main, &now) == -1 ||
	    now != (unsigned long long)start ||
	    watch_main(program, main) == -1) {
		tree_add_session(program->tree, main);
		watched_set_ended(program->main, main);
	}
}

void
program_free(struct program *program)
{
	int saved = errno;

	if (program == NULL)
		return;
	watched_free(program->main);
	if (program->timer != NULL)
		event_free(program->timer);
	if (program->claimed != NULL)
		event_free(program->claimed);
	watchdog_free(program->watchdog);
	notify_free(program->notify);
	tree_free(program->tree);
	free(program);
	errno = saved;
}

int
program_start(
    struct program *program, const struct spawn *spawn, char *why, size_t size)
{
	struct spawn filled = *spawn;
	pid_t pid;

	filled.notify_path = notify_path(program->notify);
	filled.mark = mark_of(program);
	program->ready = false;
	program->status[0] = '\0';
	program->claim = (struct claim){ 0 };
	if ((pid = spawn_start(&filled, why, size)) == -1)
		return -1;
	if (watch_main(program, pid) == -1) {
		snprintf(why, size, "cannot watch process %d: %s", pid,
		    strerror(errno));
		kill(pid, SIGKILL);
		return -1;
	}
	return 0;
}

static void
enter(struct program *program, enum stop_phase phase, unsigned int ms)
{
	program->phase = phase;
	program->deadline = clock_ms() + ms;
	program->look_ms = LOOK_FIRST_MS;
	if (phase == STOP_TERM)
		tree_kill(program->tree, SIGTERM);
}

/* Some of it still runs: is it time for the next, less polite, phase? */
static void
press(struct program *program)
{
	bool late = clock_ms() >= program->deadline;

	if (program->phase == STOP_GRACEFUL && program_main(program) == 0)
		enter(program, STOP_TERM, LEFTOVER_MS);
	else if (program->phase == STOP_GRACEFUL && late)
		enter(program,
		    program->stop.signal == SIGTERM ? STOP_KILL : STOP_TERM,
		    LEFTOVER_MS);
	else if (program->phase == STOP_TERM && late)
		enter(program, STOP_KILL, 0);
	/* Again at each look: what was forked meanwhile goes too. */
	if (program->phase == STOP_KILL)
		tree_kill(program->tree, SIGKILL);
}

/* SIGKILL was long ago, and still nobody knows. */
static bool
is_given_up(const struct program *program)
{
	return program->phase == STOP_KILL &&
	    clock_ms() >= program->deadline + LEFTOVER_MS;
}

static void
look(evutil_socket_t fd, short what, void *arg)
{
	struct program *program = arg;
	const pid_t *pids;
	size_t n;

	if (program->phase == STOP_NONE) {
		look_for_daemon(program, 0);
		return;
	}
	/* Where /proc cannot be read all of it may still run. */
	pids = tree_scan(program->tree, &n);
	if (n == 0 && program_main(program) == 0 &&
	    ((pids != NULL && tree_is_settled(program->tree)) ||
		is_given_up(program))) {
		evtimer_del(program->timer);
		program->phase = STOP_NONE;
		program->events->stopped(program->arg);
		return;
	}
	press(program);
	look_after(program, program->look_ms);
	if (program->look_ms < LOOK_LONGEST_MS)
		program->look_ms *= 2;
}

void
program_stop(struct program *program, const struct program_stop *stop)
{
	int64_t deadline = clock_ms() + stop->timeout_ms;

	watchdog_rest(program->watchdog);
	program->stop.signal = stop->signal;
	if (program->phase != STOP_NONE) {
		if (deadline < program->deadline)
			program->deadline = deadline;
		return;
	}
	program_signal(program, stop->signal);
	enter(program, STOP_GRACEFUL, stop->timeout_ms);
	look_after(program, 0);
}

void
program_watch(
    struct program *program, unsigned int period_ms, unsigned int start_ms)
{
	watchdog_begin(program->watchdog, period_ms, start_ms);
}

void
program_watch_on(struct program *program)
{
	watchdog_count(program->watchdog);
}

void
program_watch_off(struct program *program)
{
	watchdog_rest(program->watchdog);
}

unsigned int
program_watchdog(const struct program *program)
{
	return watchdog_period(program->watchdog);
}

int
program_signal(struct program *program, int signal)
{
	return watched_signal(program->main, signal);
}

pid_t
program_main(const struct program *program)
{
	return watched_pid(program->main);
}

const pid_t *
program_pids(struct program *program, size_t *n)
{
	return tree_scan(program->tree, n);
}

pid_t *
program_strays(const struct program *program, size_t *n)
{
	return tree_strays(program->tree, n);
}

bool
program_is_ready(const struct program *program)
{
	return program->ready;
}

const char *
program_status(const struct program *program)
{
	return program->status;
}
