/* SPDX-License-Identifier: ISC */
/*
 * A program that runs: its parts (messages, main process, watchdog, stop) and
 * what follows from their reports.  It never blocks: everything is an event or
 * a timer.
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
#include "base/proc.h"
#include "process/lines.h"
#include "process/main_process.h"
#include "process/origin.h"
#include "process/reaper.h"
#include "process/stopping.h"
#include "process/sweep.h"
#include "process/tree.h"
#include "process/watchdog.h"

#define AGAIN_MS 2 /* until the next look for a daemon */

struct program {
	struct event_base *base;
	const struct program_events *events;
	void *arg;
	unsigned int generation;
	struct tree *tree;
	struct origin origin;
	struct notify *notify;
	struct watchdog *watchdog;
	struct main_process *main;
	struct stopping *stopping;
	bool ready;
	char status[256];
	struct program_stop stop;
	struct event *again; /* pending: a daemon may still be found */
	int main_status;     /* meanwhile: of the main process that ended */
};

/* There is no main process any more: has the program ended? */
static void
look_for_daemon(struct program *program, int status)
{
	struct timeval delay = clock_interval(AGAIN_MS);
	enum daemon_found found;
	char how[64];
	const pid_t *pids;
	size_t n;

	program->main_status = status;
	found = main_process_find_daemon(program->main, status);
	if (found == DAEMON_NOT_YET)
		evtimer_add(program->again, &delay);
	if (found != DAEMON_NONE)
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

	if (stopping_is_under_way(program->stopping))
		stopping_look(program->stopping);
	else
		look_for_daemon(program, status);
}

static void
look_again(evutil_socket_t fd, short what, void *arg)
{
	const struct program *program = arg;

	look_for_daemon(arg, program->main_status);
}

static void
followed(void *arg)
{
	struct program *program = arg;

	program->events->followed(program->arg);
}

static bool
owns(pid_t pid, void *arg)
{
	struct program *program = arg;

	return program->events->owns(pid, program->arg);
}

static const struct main_process_events main_process_events = {
	.ended = main_ended,
	.followed = followed,
	.owns = owns,
};

static void
stopped(void *arg)
{
	struct program *program = arg;

	program->events->stopped(program->arg);
}

/* Make text valid for JSON, or no status of the program could be written. */
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
		main_process_claim(program->main, message);
	if (message->extend_usec >= 0)
		stopping_extend(program->stopping, message->extend_usec);
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
	program->notify = notify_new(
	    base, path, origin->uid, gid, inherited_fd, told, program);
	if (program->notify != NULL)
		program->again = evtimer_new(base, look_again, program);
	if (program->again != NULL)
		program->watchdog = watchdog_new(
		    base, stop->timeout_ms, &watchdog_events, program);
	if (program->watchdog != NULL)
		program->tree =
		    tree_new(name, generation, notify_path(program->notify));
	if (program->tree != NULL)
		program->main = main_process_new(
		    base, program->tree, &main_process_events, program);
	if (program->main != NULL)
		program->stopping = stopping_new(
		    base, program->tree, program->main, stopped, program);
	if (program->stopping == NULL) {
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

int
program_renew_notify(struct program *program, gid_t gid)
{
	struct notify *renewed =
	    notify_new(program->base, notify_path(program->notify),
		program->origin.uid, gid, -1, told, program);

	if (renewed == NULL)
		return -1;
	notify_leave(program->notify);
	program->notify = renewed;
	return 0;
}

const char *
program_notify_path(const struct program *program)
{
	return notify_path(program->notify);
}

/* NULL if it was started by a build that knew no marks. */
static const char *
mark_of(const struct program *program)
{
	const char *mark = program->origin.mark;

	return mark[0] != '\0' ? mark : NULL;
}

/* It keeps its mark, since the processes it has left behind have no other. */
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
	return json_pack("{ss sI sI sb ss so ss*}", "notify",
	    notify_path(program->notify), "main",
	    (json_int_t)program_main(program), "start",
	    (json_int_t)main_process_start(program->main), "ready",
	    (int)program->ready, "status", program->status, "watchdog",
	    watchdog_save(program->watchdog), "mark", mark_of(program));
}

void
program_restore(struct program *program, const json_t *saved)
{
	pid_t main = (pid_t)json_integer_value(json_object_get(saved, "main"));
	json_int_t start = json_integer_value(json_object_get(saved, "start"));
	const char *status =
	    json_string_value(json_object_get(saved, "status"));

	restore_mark(program, saved);
	program->ready = json_is_true(json_object_get(saved, "ready"));
	strlcpy(program->status, status != NULL ? status : "",
	    sizeof(program->status));
	watchdog_restore(program->watchdog, json_object_get(saved, "watchdog"));
	main_process_restore(program->main, main, (unsigned long long)start);
}

void
program_free(struct program *program)
{
	int saved = errno;

	if (program == NULL)
		return;
	stopping_free(program->stopping);
	main_process_free(program->main);
	if (program->again != NULL)
		event_free(program->again);
	watchdog_free(program->watchdog);
	notify_free(program->notify);
	tree_free(program->tree);
	free(program);
	errno = saved;
}

int
program_start(struct program *program, const struct spawn *spawn, bool *of_way,
    char *why, size_t size)
{
	struct spawn filled = *spawn;
	int error;
	pid_t pid;

	filled.notify_path = notify_path(program->notify);
	filled.mark = mark_of(program);
	program->ready = false;
	program->status[0] = '\0';
	main_process_forget_claim(program->main);
	if ((pid = spawn_start(&filled, of_way, why, size)) == -1)
		return -1;
	if (main_process_set(program->main, pid) == -1) {
		error = errno;
		snprintf(why, size, "its process cannot be watched: %s",
		    strerror(error));
		kill(-pid, SIGKILL); /* its session, process/spawn.c */
		errno = error;
		return -1;
	}
	return 0;
}

/* Processes of the run before have a session of their own, and go on. */
void
program_undo_start(struct program *program)
{
	const pid_t pid = main_process_pid(program->main);

	if (pid > 0)
		kill(-pid, SIGKILL);
	main_process_forget(program->main);
}

void
program_stop(struct program *program, const struct program_stop *stop)
{
	watchdog_rest(program->watchdog);
	evtimer_del(program->again);
	program->stop.signal = stop->signal;
	stopping_begin(program->stopping, stop->signal, stop->timeout_ms);
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
	return main_process_signal(program->main, signal);
}

pid_t
program_main(const struct program *program)
{
	return main_process_pid(program->main);
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
