/* SPDX-License-Identifier: ISC */
/*
 * Notifications without an answer, in a memfd that is mapped.
 */
#include "process/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define SIZE (LEDGER_SLOTS * sizeof(union ledger_slot))

struct ledger {
	int fd; /* stays open: a successor gets it */
	union ledger_slot *slots;
};

/* Sealed, since a file that shrinks after it is mapped causes SIGBUS. */
int
ledger_make(void)
{
	int fd = memfd_create("hotswap-calls", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd != -1 &&
	    (ftruncate(fd, SIZE) == -1 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) == -1))
		fd_close(&fd);
	return fd;
}

bool
ledger_is_one(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals != -1 && (seals & F_SEAL_SHRINK) != 0 &&
	    fstat(fd, &st) == 0 && st.st_size == (off_t)SIZE;
}

static union ledger_slot *
map(int fd)
{
	void *at;

	if (!ledger_is_one(fd)) {
		errno = EINVAL;
		return NULL;
	}
	at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at != MAP_FAILED ? at : NULL;
}

struct ledger *
ledger_open(int fd)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (ledger != NULL && (ledger->slots = map(fd)) != NULL) {
		ledger->fd = fd;
		return ledger;
	}
	free(ledger);
	fd_close(&fd);
	return NULL;
}

void
ledger_close(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	munmap(ledger->slots, SIZE);
	fd_close(&ledger->fd);
	free(ledger);
}

union ledger_slot *
ledger_slots(struct ledger *ledger)
{
	return ledger->slots;
}

union ledger_slot *
ledger_free_slot(struct ledger *ledger)
{
	union ledger_slot *slot = ledger->slots;

	while (slot < ledger->slots + LEDGER_SLOTS && slot->id != 0)
		slot++;
	if (slot == ledger->slots + LEDGER_SLOTS)
		return NULL;
	memset(slot, 0, sizeof(*slot));
	return slot;
}
