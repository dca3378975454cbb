/* SPDX-License-Identifier: ISC */
/*
 * The notifications that have been received and not answered yet, in a file
 * that outlives us.  The kernel hands out each of them only once, but the
 * threads wait on: who comes after us must find them here.
 *
 * They are received right into the file, so there is no instant at which one
 * is known to the kernel as received and not to the file: where the kernel
 * cannot write it there, it has not been received.
 */
#ifndef PROCESS_LEDGER_H
#define PROCESS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_SLOTS 64
#define LEDGER_ROOM  256 /* bytes of a slot */

/* It is in use if its number, never 0, is in its first bytes. */
union ledger_slot {
	uint64_t id;
	char room[LEDGER_ROOM];
};

struct ledger;

/* The file of a new one, *new*; -1 with errno. */
int ledger_make(void);

/* Is this such a file? */
bool ledger_is_one(int fd);

/* Look into such a file, *stolen* in every case.  *New*; NULL with errno. */
struct ledger *ledger_open(int fd);
void ledger_close(struct ledger *);

/* Its slots, LEDGER_SLOTS of them, borrowed. */
union ledger_slot *ledger_slots(struct ledger *);

/* One that is free, all zero, borrowed; NULL if there is none. */
union ledger_slot *ledger_free_slot(struct ledger *);

#endif
