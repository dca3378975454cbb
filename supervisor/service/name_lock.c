/* SPDX-License-Identifier: ISC */
/*
 * The file is never removed by us: a process that waits for its lock would have
 * the lock of a file that nobody finds.
 */
#include "service/name_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/status.h"
#include "config/options.h"
#include "core/held.h"
#include "core/service.h"
#include "service/adoption.h"
#include "service/recovery.h"

#define LOCK_PATH (PATH_MAX + 80)

static void
name_lock_path(const struct service *service, char path[static LOCK_PATH])
{
	snprintf(path, LOCK_PATH, "%s/%s.lock", service->runtime,
	    service->options->name);
}

static int
open_lock(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void
sign(const struct service *service, int lock)
{
	char text[32];
	int n;

	n = snprintf(
	    text, sizeof(text), "%d %d\n", held_pid(service), getpid());
	/* Who cannot read the PIDs does without them. */
	if (ftruncate(lock, 0) == 0)
		(void)!pwrite(lock, text, n, 0);
}

int
name_lock_take(struct service *service, int *lock, char *why, size_t size)
{
	char path[LOCK_PATH];

	name_lock_path(service, path);
	/* A held descriptor keeps its lock when its process ends, flock(2). */
	*lock = held_take(service, "lock", 0);
	if (*lock == -1)
		*lock = open_lock(path);
	if (*lock == -1) {
		snprintf(why, size, "%s: %s", path, strerror(errno));
		return STATUS_NOPERM;
	}
	if (!recovery_is_first(service)) {
		if (flock(*lock, LOCK_EX | LOCK_NB) == -1) {
			snprintf(why, size, "%s: %s", path, strerror(errno));
			return STATUS_REFUSED;
		}
	} else if (adoption_begin(service, *lock, why, size) == -1) {
		return STATUS_REFUSED;
	}
	held_put(service, "lock", 0, *lock);
	sign(service, *lock);
	return STATUS_OK;
}

void
name_lock_release(int *lock)
{
	if (*lock != -1)
		flock(*lock, LOCK_UN);
	fd_close(lock);
}

int
name_lock_renew(struct service *service, int *lock)
{
	char path[LOCK_PATH];
	struct stat st;
	int fd;

	name_lock_path(service, path);
	if (lstat(path, &st) == 0) {
		/* The disk was full when the PIDs should have been written. */
		if (st.st_size == 0)
			sign(service, *lock);
		return 0;
	}
	if (errno != ENOENT || (fd = open_lock(path)) == -1)
		return -1;
	/* Another supervisor may have come between. */
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		fd_close(&fd);
		return 0;
	}
	fd_close(lock);
	*lock = fd;
	held_put(service, "lock", 0, fd);
	sign(service, fd);
	return 1;
}
