/* SPDX-License-Identifier: ISC */
/*
 * Memory for libraries that go on without it: jansson writes a text that is not
 * whole, libevent forgets whom to wake.  A reserve helps them over a moment in
 * which there is no memory; after that it is counted how often they lacked it,
 * so that what they have made meanwhile is not taken for whole.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <jansson.h>
#include <stddef.h>

/* Before the first use of jansson and libevent. */
void memory_init(void);

/*
 * How often a library has asked for memory in vain.  Whoever makes JSON of many
 * parts compares this before and after.
 */
unsigned long memory_lacked(void);

/* As json_dumps(), *new*, but whole; NULL with ENOMEM. */
char *memory_text(const json_t *, size_t flags);

#endif
