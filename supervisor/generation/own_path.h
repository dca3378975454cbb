/* SPDX-License-Identifier: ISC */
/*
 * What a wrapped program is told when it connects to a Unix address of the
 * service.  Servers such as php-fpm and pgbouncer ask in this way, before they
 * bind, whether somebody serves the address already, and do not start then.
 * While no process of its own generation serves there, the program is told what
 * it would be told without hotswap: that nobody does.
 */
#ifndef GENERATION_OWN_PATH_H
#define GENERATION_OWN_PATH_H

#include <stdbool.h>
#include <stdint.h>

struct generation;
struct holdings;
struct intercept_call;

/* What was found out last.  All zero at first. */
struct own_path {
	int64_t until_ms;  /* it counts until then, clock_ms() */
	unsigned int made; /* and as long as no listener is new */
	bool moot;
};

/* Decide such a call, and answer it. */
void own_path_decide(const struct generation *, const struct holdings *,
    struct intercept_call *);

/*
 * Is every Unix address of the service served by the generation, and will there
 * be no other?  The preload library then tells of no connect(2) any more.
 */
bool own_path_is_moot(
    struct own_path *, const struct generation *, const struct holdings *);

#endif
