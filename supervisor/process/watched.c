/* SPDX-License-Identifier: ISC */
/*
 * Watching one process.
 */
#include "process/watched.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "process/remote.h"

#define TOLD_MS 250 /* for the keeper to report how a child ended */
#define REAP_MS 5   /* for another parent to reap it */

struct watched {
	struct event_base *base;
	reaper_fn *fn;
	void *arg;
	pid_t pid; /* 0: none */
	unsigned long long start;
	int pidfd;
	struct event *event; /* of a process that is not our child */
	bool told;	     /* the keeper will report how it ended */
	int64_t patience;    /* deadline for whoever may report */
};

struct watched *
watched_new(struct event_base *base, reaper_fn *fn, void *arg)
{
	struct watched *watched = calloc(1, sizeof(*watched));

	if (watched == NULL)
		return NULL;
	watched->base = base;
	watched->fn = fn;
	watched->arg = arg;
	watched->pidfd = -1;
	return watched;
}

void
watched_forget(struct watched *watched)
{
	if (watched->pid != 0)
		reaper_forget(watched->pid);
	if (watched->event != NULL)
		event_free(watched->event);
	watched->event = NULL;
	fd_close(&watched->pidfd);
	watched->pid = 0;
	watched->start = 0;
}

void
watched_free(struct watched *watched)
{
	if (watched == NULL)
		return;
	watched_forget(watched);
	free(watched);
}

static void
ended(pid_t pid, int status, void *arg)
{
	struct watched *watched = arg;

	watched_forget(watched);
	watched->fn(pid, status, watched->arg);
}

/* Nobody has reported the end; the kernel may, once the parent has reaped. */
static void
nobody_told(evutil_socket_t fd, short what, void *arg)
{
	struct timeval delay = clock_interval(REAP_MS);
	struct watched *watched = arg;
	int status = remote_exit_status(watched->pidfd);

	if (status == -1 && errno == EAGAIN && clock_ms() < watched->patience)
		evtimer_add(watched->event, &delay);
	else
		ended(watched->pid, status == -1 ? REAPER_UNKNOWN : status,
		    watched);
}

/* Wait for the keeper to report, or for another parent to reap. */
static int
await_status(struct watched *watched)
{
	struct timeval delay =
	    clock_interval(watched->told ? TOLD_MS : REAP_MS);

	watched->patience = clock_ms() + TOLD_MS;
	if (watched->event != NULL)
		event_free(watched->event);
	watched->event = evtimer_new(watched->base, nobody_told, watched);
	return watched->event != NULL ? evtimer_add(watched->event, &delay)
				      : -1;
}

static void
pidfd_readable(evutil_socket_t fd, short what, void *arg)
{
	await_status(arg);
}

static int
begin(struct watched *watched, pid_t pid)
{
	struct proc_stat stat = { 0 };
	bool ours;

	watched->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (watched->pidfd == -1)
		return -1;
	watched->pid = pid;
	if (proc_stat(pid, &stat) == 0)
		watched->start = stat.start;
	ours = stat.parent == getpid();
	watched->told = reaper_has_keeper() && stat.parent == getppid();
	if ((ours || watched->told) && reaper_watch(pid, ended, watched) == -1)
		return -1;
	if (ours)
		return 0;
	watched->event = event_new(
	    watched->base, watched->pidfd, EV_READ, pidfd_readable, watched);
	return watched->event != NULL ? event_add(watched->event, NULL) : -1;
}

/* A process whose end nobody would tell is not watched. */
int
watched_set(struct watched *watched, pid_t pid)
{
	int error;

	watched_forget(watched);
	if (begin(watched, pid) == 0)
		return 0;
	error = errno;
	watched_forget(watched);
	errno = error;
	return -1;
}

/* The keeper may report its end at any time. */
void
watched_set_ended(struct watched *watched, pid_t pid)
{
	watched_forget(watched);
	watched->pid = pid;
	watched->told = reaper_has_keeper();
	reaper_watch(pid, ended, watched);
	await_status(watched);
}

pid_t
watched_pid(const struct watched *watched)
{
	return watched->pid;
}

unsigned long long
watched_start(const struct watched *watched)
{
	return watched->start;
}

int
watched_signal(struct watched *watched, int signal)
{
	if (watched->pid == 0) {
		errno = ESRCH;
		return -1;
	}
	return (int)syscall(
	    SYS_pidfd_send_signal, watched->pidfd, signal, NULL, 0);
}
