/* SPDX-License-Identifier: ISC */
/*
 * A look at the child's state at intervals.
 */
#include "base/await.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"

#define LOOK_MS	   100	 /* from one look at the child to the next */
#define SLEEP_MS   500	 /* the child may sleep so long */
#define LONGEST_MS 10000 /* the child may run so long on a slow machine */
#define STAT_MAX   8192

/* The letter of the child's state, proc_pid_stat(5). */
static char
state_of(pid_t pid)
{
	char path[32], *text, *end, state = 'R';

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((text = fd_read_file(path, STAT_MAX, NULL)) == NULL)
		return state;
	if ((end = strrchr(text, ')')) != NULL && end[1] == ' ')
		state = end[2];
	free(text);
	return state;
}

static bool
gets_on(pid_t pid, bool disk)
{
	switch (state_of(pid)) {
	case 'S':
	case 'T': /* stopped by a signal, */
	case 't': /* or traced */
		return false;
	case 'D':
		return disk;
	default:
		return true;
	}
}

int
await_child(pid_t pid, int fd, bool disk)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t begin = clock_ms(), idle = 0;
	int n;

	while ((n = poll(&ready, 1, LOOK_MS)) != 1) {
		if (n == -1 && errno != EINTR)
			return -1;
		idle = gets_on(pid, disk) ? 0 : idle + LOOK_MS;
		if (idle < SLEEP_MS && clock_ms() - begin < LONGEST_MS)
			continue;
		errno = ETIMEDOUT;
		return -1;
	}
	return 0;
}
