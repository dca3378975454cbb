/* SPDX-License-Identifier: ISC */
/*
 * Halting processes.  SIGSTOP stops a thread when it next leaves the kernel, so
 * the state of each thread is looked at.
 */
#include "process/halt.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/proc.h"

#define LOOK_USEC 50

/* Stopped, traced, or ended: proc_pid_stat(5). */
static bool
has_stopped(pid_t pid)
{
	DIR *threads = proc_threads(pid);
	const struct dirent *entry;
	bool stopped = true;
	char state;

	while (
	    threads != NULL && stopped && (entry = readdir(threads)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		state = proc_state(atoi(entry->d_name));
		stopped = state == 0 || strchr("TtZXx", state) != NULL;
	}
	if (threads != NULL)
		closedir(threads);
	return stopped;
}

static bool
wait_for(pid_t pid, int64_t until)
{
	const struct timespec pause = { .tv_nsec = LOOK_USEC * 1000 };

	while (!has_stopped(pid)) {
		if (clock_ms() >= until)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

int
halt_begin(const pid_t *pids, size_t n)
{
	const int64_t until = clock_ms() + HALT_LIMIT_MS;
	int error = 0;
	size_t i;

	for (i = 0; i < n && error == 0; i++)
		if (kill(pids[i], SIGSTOP) == -1 && errno != ESRCH)
			error = errno;
	for (i = 0; i < n && error == 0; i++)
		if (!wait_for(pids[i], until))
			error = ETIMEDOUT;
	if (error == 0)
		return 0;
	halt_end(pids, n);
	errno = error;
	return -1;
}

void
halt_end(const pid_t *pids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		kill(pids[i], SIGCONT);
}
