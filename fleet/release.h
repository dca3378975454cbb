/* SPDX-License-Identifier: ISC */
/*
 * A release on this host: bringing it, checking it, and the link to it.
 */
#ifndef FLEET_RELEASE_H
#define FLEET_RELEASE_H

#include <limits.h>
#include <stddef.h>

/* Put the release's name for each {release} in the text. */
void release_expand(
    const char *text, const char *release, char *buf, size_t size);

/*
 * Begin the command that brings the release, in a process of its own; -1 with
 * why.  release_fetched tells whether it has ended: 1 if it has succeeded, 0 if
 * it runs, -1 with why if it has failed.
 */
int release_fetch(
    const char *command, const char *release, char *why, size_t size);
int release_fetched(char *why, size_t size);

/* Is it the program with this hash, in hexadecimal?  -1 with why. */
int release_check(const char *exe, const char *sha256, char *why, size_t size);

/*
 * Let the link lead to the directory of the release: the part of exe up to the
 * component that has its name.  -1 with why.
 */
int release_link(const char *link, const char *exe, const char *release,
    char *why, size_t size);

/* The release that the link leads to, *new*; NULL if that cannot be told. */
char *release_of_link(const char *link, const char *exe);

#endif
