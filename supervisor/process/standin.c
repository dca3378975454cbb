/* SPDX-License-Identifier: ISC */
/*
 * A stand-in: a child that writes a byte for each signal it is sent.  It is in
 * a session of its own, so that signals of a terminal do not reach it.
 */
#include "process/standin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lifetime.h"
#include "process/child.h"
#include "process/reaper.h"

#define NAME "hotswap-old" /* in ps(1), at most 15 bytes */

struct standin {
	pid_t pid;
	int fd;
	struct event *event;
	standin_fn *fn;
	void *arg;
};

/* The child, with all signals blocked.  It ends when nobody reads its bytes. */
static _Noreturn void
stand_in(int out)
{
	struct pollfd fds[] = { { .events = POLLIN }, { .events = 0 } };
	struct signalfd_siginfo info;
	unsigned char number;
	sigset_t all;

	sigfillset(&all);
	setsid();
	prctl(PR_SET_NAME, NAME, 0, 0, 0);
	if (child_arrange(&out, 1, 0) == -1)
		_exit(1);
	fds[0].fd = signalfd(-1, &all, SFD_CLOEXEC);
	fds[1].fd = CHILD_FD_FIRST;
	for (;;) {
		if (poll(fds, 2, -1) == -1 || fds[1].revents != 0)
			_exit(0);
		if (read(fds[0].fd, &info, sizeof(info)) != sizeof(info))
			_exit(0);
		number = (unsigned char)info.ssi_signo;
		if (write(CHILD_FD_FIRST, &number, 1) != 1)
			_exit(0);
	}
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct standin *standin = arg;
	unsigned char number;
	ssize_t n = read(standin->fd, &number, 1);

	if (n == 1)
		standin->fn(number, standin->arg);
	else if (n == 0)
		event_del(standin->event);
}

static void
on_end(pid_t pid, int status, void *arg)
{
	struct standin *standin = arg;

	standin->pid = 0;
}

struct standin *
standin_new(struct event_base *base, standin_fn *fn, void *arg)
{
	struct standin *standin = calloc(1, sizeof(*standin));
	int ends[2] = { -1, -1 };

	if (standin == NULL)
		return NULL;
	standin->fd = -1;
	standin->fn = fn;
	standin->arg = arg;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		goto fail;
	standin->fd = ends[0];
	standin->event = event_new(
	    base, standin->fd, EV_READ | EV_PERSIST, on_signal, standin);
	if (standin->event == NULL || event_add(standin->event, NULL) == -1)
		goto fail;
	/* A signal may come as soon as the PID exists. */
	if ((standin->pid = lifetime_fork()) == 0)
		stand_in(ends[1]);
	if (standin->pid == -1 ||
	    reaper_watch(standin->pid, on_end, standin) == -1)
		goto fail;
	fd_close(&ends[1]);
	return standin;
fail:
	fd_close(&ends[1]);
	standin_free(standin);
	return NULL;
}

void
standin_free(struct standin *standin)
{
	int saved = errno;

	if (standin == NULL)
		return;
	if (standin->pid > 0) {
		kill(standin->pid, SIGKILL);
		reaper_forget(standin->pid);
	}
	if (standin->event != NULL)
		event_free(standin->event);
	fd_close(&standin->fd);
	free(standin);
	errno = saved;
}

pid_t
standin_pid(const struct standin *standin)
{
	return standin->pid;
}
