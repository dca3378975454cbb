/* SPDX-License-Identifier: ISC */
/*
 * Notifications without an answer, in a memfd that is mapped.
 */
#include "process/call_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define SIZE (CALL_LOG_SLOTS * sizeof(union call_log_slot))

struct call_log {
	int fd; /* stays open: a successor gets it */
	union call_log_slot *slots;
};

/* Sealed, since a file that shrinks after it is mapped causes SIGBUS. */
int
call_log_make(void)
{
	int fd = memfd_create("hotswap-calls", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd != -1 &&
	    (ftruncate(fd, SIZE) == -1 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) == -1))
		fd_close(&fd);
	return fd;
}

bool
call_log_is_one(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals != -1 && (seals & F_SEAL_SHRINK) != 0 &&
	    fstat(fd, &st) == 0 && st.st_size == (off_t)SIZE;
}

static union call_log_slot *
map(int fd)
{
	void *at;

	if (!call_log_is_one(fd)) {
		errno = EINVAL;
		return NULL;
	}
	at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at != MAP_FAILED ? at : NULL;
}

struct call_log *
call_log_open(int fd)
{
	struct call_log *call_log = calloc(1, sizeof(*call_log));

	if (call_log != NULL && (call_log->slots = map(fd)) != NULL) {
		call_log->fd = fd;
		return call_log;
	}
	free(call_log);
	fd_close(&fd);
	return NULL;
}

void
call_log_close(struct call_log *call_log)
{
	if (call_log == NULL)
		return;
	munmap(call_log->slots, SIZE);
	fd_close(&call_log->fd);
	free(call_log);
}

union call_log_slot *
call_log_slots(struct call_log *call_log)
{
	return call_log->slots;
}

union call_log_slot *
call_log_free_slot(struct call_log *call_log)
{
	union call_log_slot *slot = call_log->slots;

	while (slot < call_log->slots + CALL_LOG_SLOTS && slot->id != 0)
		slot++;
	if (slot == call_log->slots + CALL_LOG_SLOTS)
		return NULL;
	memset(slot, 0, sizeof(*slot));
	return slot;
}
