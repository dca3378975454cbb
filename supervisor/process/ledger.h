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
#ifndef PROCESS_LEDGER_H
#define PROCESS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_SLOTS 64
#define LEDGER_ROOM  256 /* bytes of a slot */

/* A slot in use begins with the notification's number, which is never 0. */
union ledger_slot {
	uint64_t id;
	char room[LEDGER_ROOM];
};

struct ledger;

/* Make the file of a ledger, *new*; -1 with errno. */
int ledger_make(void);

/* Is fd the file of a ledger? */
bool ledger_is_one(int fd);

/* Map the file of a ledger, *stolen* in every case.  *New*; NULL with errno. */
struct ledger *ledger_open(int fd);
void ledger_close(struct ledger *);

/* All slots, LEDGER_SLOTS of them, borrowed. */
union ledger_slot *ledger_slots(struct ledger *);

/* A free slot, all zero, borrowed; NULL if there is none. */
union ledger_slot *ledger_free_slot(struct ledger *);

#endif
