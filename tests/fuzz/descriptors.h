/* SPDX-License-Identifier: ISC */
/*
 * Descriptors of every kind that a program can send, and messages with them.
 */
#ifndef FUZZ_DESCRIPTORS_H
#define FUZZ_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>

#define DESCRIPTORS_MAX 8 /* in one message */

/* One message from an input. */
struct fuzz_message {
	uint8_t what; /* for the target to use */
	const uint8_t *data;
	size_t len;
	int fds[DESCRIPTORS_MAX];
	size_t n;
};

/*
 * The next message.  Four bytes give what, the kind of the first descriptor,
 * the number of descriptors, and the length.  Descriptors are *new*; 0 at the
 * end of the input.
 */
int fuzz_next(struct fuzz_message *, const uint8_t **data, size_t *size);
void fuzz_close(struct fuzz_message *);

/*
 * The number of open descriptors.  It is asked for before an input and after
 * it; what an input leaves is closed in the end by children, base/foreign.h,
 * which the machine may hold up.
 */
size_t fuzz_open(void);
int fuzz_comes_down_to(size_t);

#endif
