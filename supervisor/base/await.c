/* SPDX-License-Identifier: ISC */
/*
 * A look at the child's state at intervals.
 */
#include "base/await.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/proc.h"

#define LOOK_MS	   100	 /* from one look at the child to the next */
#define SLEEP_MS   500	 /* the child may sleep so long */
#define LONGEST_MS 10000 /* the child may run so long on a slow machine */

static bool
gets_on(pid_t pid, bool disk)
{
	switch (proc_state(pid)) {
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
