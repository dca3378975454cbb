/* SPDX-License-Identifier: ISC */
/*
 * The notifications that have been received and not answered yet, in a file
 * that outlives us.  The kernel delivers each notification only once, but the
 * thread goes on waiting, so a successor must find the notification here.
 *
 * The kernel writes a notification right into the file.  So there is no moment
 * at which a notification is received but not in the file: if the kernel cannot
 * write it, it counts as not received.
 */
#ifndef PROCESS_CALL_LOG_H
#define PROCESS_CALL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALL_LOG_SLOTS 64
#define CALL_LOG_ROOM  256 /* bytes of a slot */

/* A slot in use begins with the notification's number, which is never 0. */
union call_log_slot {
	uint64_t id;
	char room[CALL_LOG_ROOM];
};

struct call_log;

/* Make the file of a call log, *new*; -1 with errno. */
int call_log_make(void);

/* Is fd the file of a call log? */
bool call_log_is_one(int fd);

/*
 * Map the file of a call log, *stolen* in every case.  *New*; NULL with errno.
 */
struct call_log *call_log_open(int fd);
void call_log_close(struct call_log *);

/* All slots, CALL_LOG_SLOTS of them, borrowed. */
union call_log_slot *call_log_slots(struct call_log *);

/* A free slot, all zero, borrowed; NULL if there is none. */
union call_log_slot *call_log_free_slot(struct call_log *);

#endif
