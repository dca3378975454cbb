/* SPDX-License-Identifier: ISC */
/*
 * Access of a program that runs as another user to the sockets in our runtime
 * directory.  The directory lets everybody through; each socket in it is its
 * owner's alone.  A directory above that does not let the program's user
 * through is reported before the program starts, since the program would wait
 * in vain.
 */
#ifndef GENERATION_REACH_H
#define GENERATION_REACH_H

#include <stddef.h>

struct generation;

/* Let the program through the runtime directory, if it has another user. */
void reach_open(const struct generation *);

/*
 * Can the program get to the absolute path in this mode, access(2)?  what names
 * the path's object for people.  -1 with why and errno.
 */
int reach_try(const struct generation *, const char *what, const char *path,
    int mode, char *why, size_t size);

/*
 * Can the program get to its notification socket?  -1 with why and errno if it
 * cannot and must; if it need not, a warning is logged.
 */
int reach_notify(const struct generation *, char *why, size_t size);

#endif
