/* SPDX-License-Identifier: ISC */
/*
 * The end of child processes, in the one place that calls waitpid(2).  Children
 * are reaped only in the loop's callbacks of this file, so that a PID stays
 * valid during any other callback.
 *
 * SIGCHLD tells the end of a child, and so does a pidfd of each that is
 * watched: the loop loses a signal if write(2) fails, and a descriptor may be
 * lacking.  While waitpid(2) fails it is called again and again, for a while:
 * nobody shall wait for ever for an end that has come.
 */
#include "process/reaper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deputy.h"
#include "base/fd.h"
#include "base/foreign.h"

#define AGAIN_MS   200	/* until waitpid(2) is called again after a failure */
#define UNKNOWN_MS 2000 /* from an end until its status counts as unknown */

struct watch {
	pid_t pid;
	reaper_fn *fn;
	void *arg;
	int pidfd; /* -1: SIGCHLD alone tells the end */
	struct event *readable;
	int64_t ended_ms; /* when the pidfd told the end; 0: it lives */
	LIST_ENTRY(watch) entry;
};

static LIST_HEAD(, watch) watches = LIST_HEAD_INITIALIZER(watches);
static struct event_base *loop;
static struct event *child_event, *again;
static reaper_fn *orphan_fn;
static void *orphan_arg;
static bool keeper;

static struct watch *
watch_find(pid_t pid)
{
	struct watch *watch;

	LIST_FOREACH (watch, &watches, entry)
		if (watch->pid == pid)
			return watch;
	return NULL;
}

static void
watch_free(struct watch *watch)
{
	LIST_REMOVE(watch, entry);
	if (watch->readable != NULL)
		event_free(watch->readable);
	fd_close(&watch->pidfd);
	free(watch);
}

static void
reaper_tell(pid_t pid, int status)
{
	struct watch *watch = watch_find(pid);
	reaper_fn *fn = orphan_fn;
	void *arg = orphan_arg;

	if (foreign_reaped(pid) || deputy_reaped(pid))
		return;
	if (watch != NULL) {
		fn = watch->fn;
		arg = watch->arg;
		watch_free(watch);
	}
	if (fn != NULL)
		fn(pid, status, arg);
}

/* A watch whose end was told so long ago, and whose status is not known. */
static struct watch *
find_ended(int64_t ms)
{
	int64_t since = clock_ms() - ms;
	struct watch *watch;

	LIST_FOREACH (watch, &watches, entry)
		if (watch->ended_ms != 0 && watch->ended_ms <= since)
			return watch;
	return NULL;
}

/* Pending signals of one kind become one signal, signal(7): reap all. */
static void
reap_all(void)
{
	const struct timeval later = clock_interval(AGAIN_MS);
	int status;
	pid_t pid;

	/* orphan may call reaper_fini. */
	while (child_event != NULL && (pid = waitpid(-1, &status, WNOHANG)) > 0)
		reaper_tell(pid, status);
	if (child_event != NULL && pid == -1 &&
	    (errno != ECHILD || find_ended(0) != NULL))
		evtimer_add(again, &later);
}

static void
on_child(evutil_socket_t sig, short what, void *arg)
{
	reap_all();
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	watch->ended_ms = clock_ms();
	reap_all();
}

/* waitpid(2) has failed. */
static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch;

	reap_all();
	if (child_event == NULL || !evtimer_pending(again, NULL))
		return;
	while ((watch = find_ended(UNKNOWN_MS)) != NULL)
		reaper_tell(watch->pid, REAPER_UNKNOWN);
}

int
reaper_init(struct event_base *base, reaper_fn *orphan, void *arg)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		return -1;
	loop = base;
	child_event = evsignal_new(base, SIGCHLD, on_child, NULL);
	again = evtimer_new(base, on_again, NULL);
	if (child_event == NULL || again == NULL ||
	    event_add(child_event, NULL) == -1) {
		reaper_fini();
		errno = ENOMEM;
		return -1;
	}
	orphan_fn = orphan;
	orphan_arg = arg;
	/* A child that ended before the handler was there sends no signal. */
	event_active(child_event, EV_SIGNAL, 1);
	return 0;
}

void
reaper_fini(void)
{
	struct watch *watch, *next;

	if (child_event != NULL)
		event_free(child_event);
	if (again != NULL)
		event_free(again);
	child_event = again = NULL;
	LIST_FOREACH_SAFE(watch, &watches, entry, next)
	watch_free(watch);
}

/* Without a pidfd SIGCHLD alone tells the end. */
static void
watch_by_pidfd(struct watch *watch)
{
	watch->pidfd = child_event != NULL
	    ? (int)syscall(SYS_pidfd_open, watch->pid, 0)
	    : -1;
	if (watch->pidfd == -1)
		return;
	watch->readable =
	    event_new(loop, watch->pidfd, EV_READ, on_readable, watch);
	if (watch->readable != NULL)
		event_add(watch->readable, NULL);
}

int
reaper_watch(pid_t pid, reaper_fn *fn, void *arg)
{
	struct watch *watch = watch_find(pid);

	if (watch == NULL) {
		if ((watch = calloc(1, sizeof(*watch))) == NULL)
			return -1;
		watch->pid = pid;
		watch_by_pidfd(watch);
		LIST_INSERT_HEAD(&watches, watch, entry);
	}
	watch->fn = fn;
	watch->arg = arg;
	return 0;
}

void
reaper_told(pid_t pid, int status)
{
	if (watch_find(pid) != NULL)
		reaper_tell(pid, status);
}

void
reaper_set_keeper(bool is_there)
{
	keeper = is_there;
}

bool
reaper_has_keeper(void)
{
	return keeper;
}

bool
reaper_watches(pid_t pid)
{
	return watch_find(pid) != NULL;
}

void
reaper_forget(pid_t pid)
{
	struct watch *watch = watch_find(pid);

	if (watch != NULL)
		watch_free(watch);
}

void
reaper_describe(int status, char *buf, size_t size)
{
	const char *core, *name;

	if (status == REAPER_UNKNOWN) {
		snprintf(buf, size, "gone, with a status that nobody knows");
		return;
	}
	if (!WIFSIGNALED(status)) {
		snprintf(
		    buf, size, "exited with status %d", WEXITSTATUS(status));
		return;
	}
	core = WCOREDUMP(status) ? " (core dumped)" : "";
	name = sigabbrev_np(WTERMSIG(status));
	if (name != NULL)
		snprintf(buf, size, "killed by SIG%s%s", name, core);
	else
		snprintf(
		    buf, size, "killed by signal %d%s", WTERMSIG(status), core);
}
