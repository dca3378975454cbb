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
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"

#define LOOK_USEC 50

struct halted {
	pid_t pid;
	int pidfd;
};

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
halt_open(struct halt *halt, const pid_t *pids, size_t n)
{
	unsigned long long born, own;
	size_t i;
	int fd;

	halt->n = 0;
	halt->list = calloc(n + 1, sizeof(*halt->list));
	if (halt->list == NULL || proc_start_time(PROC_SELF, &own) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		if ((fd = pidfd_open(pids[i], 0)) == -1 && errno != ESRCH)
			return -1;
		if (fd == -1)
			continue;
		halt->list[halt->n++] = (struct halted){ pids[i], fd };
		/* A PID that was given anew is that of a younger process. */
		if (proc_start_time(pids[i], &born) == 0 && born >= own) {
			errno = EAGAIN;
			return -1;
		}
	}
	return 0;
}

int
halt_begin(const struct halt *halt)
{
	const int64_t until = clock_ms() + HALT_LIMIT_MS;
	int error = 0;
	size_t i;

	for (i = 0; i < halt->n && error == 0; i++)
		if (pidfd_send_signal(halt->list[i].pidfd, SIGSTOP, NULL, 0) ==
			-1 &&
		    errno != ESRCH)
			error = errno;
	for (i = 0; i < halt->n && error == 0; i++)
		if (!wait_for(halt->list[i].pid, until))
			error = ETIMEDOUT;
	if (error == 0)
		return 0;
	halt_end(halt);
	errno = error;
	return -1;
}

void
halt_end(const struct halt *halt)
{
	size_t i;

	for (i = 0; i < halt->n; i++)
		pidfd_send_signal(halt->list[i].pidfd, SIGCONT, NULL, 0);
}

void
halt_release(const pid_t *pids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		kill(pids[i], SIGCONT);
}
