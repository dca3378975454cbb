/* SPDX-License-Identifier: ISC */
/*
 * Can a user get to a file by its path?  A child that has become this user asks
 * the kernel, which knows groups, access control lists and all other rules.
 */
#ifndef PROCESS_PASSAGE_H
#define PROCESS_PASSAGE_H

#include <limits.h>

struct account;

/*
 * Try an absolute path as that account; mode is that of access(2).  Needs the
 * rights to become the account.  -1 with errno, and culprit is the directory
 * that does not let the account through, or the path itself.
 */
int passage_try(const struct account *, const char *path, int mode,
    char culprit[static PATH_MAX]);

#endif
