/* SPDX-License-Identifier: ISC */
/*
 * Ending a fixed set of processes: one signal now, SIGKILL later.
 */
#include "process/sweep.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

struct sweep {
	struct event *timer;
	size_t n;
	int pidfds[];
};

static void
finish(evutil_socket_t fd, short what, void *arg)
{
	struct sweep *sweep = arg;
	size_t i;

	for (i = 0; i < sweep->n; i++) {
		syscall(
		    SYS_pidfd_send_signal, sweep->pidfds[i], SIGKILL, NULL, 0);
		fd_close(&sweep->pidfds[i]);
	}
	event_free(sweep->timer);
	free(sweep);
}

void
sweep_start(struct event_base *base, const pid_t *pids, size_t n, int signal,
    unsigned int timeout_ms)
{
	struct timeval delay = clock_interval(timeout_ms);
	struct sweep *sweep;
	size_t i;
	int fd;

	if (n == 0)
		return;
	sweep = calloc(1, sizeof(*sweep) + n * sizeof(int));
	if (sweep == NULL)
		return;
	sweep->timer = evtimer_new(base, finish, sweep);
	for (i = 0; i < n; i++) {
		/* pidfd_open(2) gives close-on-exec descriptors. */
		fd = (int)syscall(SYS_pidfd_open, pids[i], 0);
		if (fd == -1)
			continue;
		syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
		sweep->pidfds[sweep->n++] = fd;
	}
	evtimer_add(sweep->timer, &delay);
}
