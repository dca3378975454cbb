/* SPDX-License-Identifier: ISC */
/*
 * Can a user get to a file by its path?  The kernel answers, asked by a child
 * that has become this user: groups, access control lists and what else
 * decides are its business.
 */
#ifndef PROCESS_PASSAGE_H
#define PROCESS_PASSAGE_H

#include <limits.h>

struct account;

/*
 * Try a path, an absolute one, as that account; mode is that of access(2).
 * Needs the rights to become it.  -1 with errno, and in culprit the directory
 * that does not let it through, or the path itself.
 */
int passage_try(const struct account *, const char *path, int mode,
    char culprit[static PATH_MAX]);

#endif
