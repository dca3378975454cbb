/* SPDX-License-Identifier: ISC */
/*
 * The way of a program that runs as another user than we to the sockets in
 * our runtime directory.  The directory lets everybody through; each socket
 * in it is its owner's alone.  What bars the way above it is told of before
 * the program starts, where it would only wait in vain.
 */
#ifndef GENERATION_REACH_H
#define GENERATION_REACH_H

#include <stddef.h>

struct generation;

/* Let its program through the runtime directory, if it runs as another. */
void reach_open(const struct generation *);

/*
 * Can its program get to the path, absolute, in this mode, access(2)?  what
 * it is, for people.  -1 with why.
 */
int reach_try(const struct generation *, const char *what, const char *path,
    int mode, char *why, size_t size);

/*
 * Can it get to its notification socket?  -1 with why if it cannot and has
 * to; where it need not, a warning says so.
 */
int reach_notify(const struct generation *, char *why, size_t size);

#endif
