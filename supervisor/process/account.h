/* SPDX-License-Identifier: ISC */
/*
 * Whom a program runs as: names looked up, so that a child between fork(2)
 * and execve(2) needs system calls only.
 */
#ifndef PROCESS_ACCOUNT_H
#define PROCESS_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct account {
	bool change; /* it differs from what we are */
	uid_t uid;   /* ours if it does not */
	gid_t gid;
	gid_t *groups; /* supplementary ones */
	size_t ngroups;
	char *name; /* of the user; these three are NULL where */
	char *home; /* it is in no database, or none was given */
	char *shell;
};

/*
 * Look up a user and a group, by name or number; NULL: ours, and the user's.
 * Release it with account_fini.  -1 with why, one line.
 */
int account_init(struct account *, const char *user, const char *group,
    char *why, size_t size);
void account_fini(struct account *);

/*
 * For a child, by system calls only: take on its groups, then become its
 * user, after which there is no way back.  Nothing is done where it does not
 * differ.  -1 with errno.
 */
int account_join_groups(const struct account *);
int account_become_user(const struct account *);

#endif
