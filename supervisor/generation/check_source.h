/* SPDX-License-Identifier: ISC */
/*
 * The source address of a check, by which steering directs it at one
 * generation, and the port at which the check asks.
 */
#ifndef GENERATION_CHECK_SOURCE_H
#define GENERATION_CHECK_SOURCE_H

struct generation;

#define CHECK_SOURCE 96 /* room for any source */

/*
 * The source of a check of this generation: 127.83.H.L, or a range of ports of
 * ::1 if only IPv6 reaches the address of the check.
 */
void check_source(const struct generation *, const char *check,
    char source[static CHECK_SOURCE]);

/* The port that a check's URL names or has by its scheme; 0 if it has none. */
unsigned int check_port(const char *check);

#endif
