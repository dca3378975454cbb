/* SPDX-License-Identifier: ISC */
/*
 * The end of child processes, in the one place that calls waitpid(2).  Children
 * are reaped only in the loop's callback for SIGCHLD, so that a PID stays valid
 * during any other callback.
 */
#include "process/reaper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/wait.h>

#include "base/deputy.h"
#include "base/foreign.h"

struct watch {
	pid_t pid;
	reaper_fn *fn;
	void *arg;
	LIST_ENTRY(watch) entry;
};

static LIST_HEAD(, watch) watches = LIST_HEAD_INITIALIZER(watches);
static struct event *child_event;
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
		LIST_REMOVE(watch, entry);
		free(watch);
	}
	if (fn != NULL)
		fn(pid, status, arg);
}

/* Pending signals of one kind become one signal, signal(7): reap all. */
static void
on_child(evutil_socket_t sig, short what, void *arg)
{
	int status;
	pid_t pid;

	/* orphan may call reaper_fini. */
	while (child_event != NULL && (pid = waitpid(-1, &status, WNOHANG)) > 0)
		reaper_tell(pid, status);
}

int
reaper_init(struct event_base *base, reaper_fn *orphan, void *arg)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		return -1;
	child_event = evsignal_new(base, SIGCHLD, on_child, NULL);
	if (child_event == NULL || event_add(child_event, NULL) == -1) {
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
	child_event = NULL;
	LIST_FOREACH_SAFE(watch, &watches, entry, next)
	free(watch);
	LIST_INIT(&watches);
}

int
reaper_watch(pid_t pid, reaper_fn *fn, void *arg)
{
	struct watch *watch = watch_find(pid);

	if (watch == NULL) {
		if ((watch = malloc(sizeof(*watch))) == NULL)
			return -1;
		watch->pid = pid;
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

	if (watch == NULL)
		return;
	LIST_REMOVE(watch, entry);
	free(watch);
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
