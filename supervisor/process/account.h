/* SPDX-License-Identifier: ISC */
/*
 * The user and groups that a program runs as.  Names are looked up beforehand,
 * so that a child between fork(2) and execve(2) makes system calls only.
 */
#ifndef PROCESS_ACCOUNT_H
#define PROCESS_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct account {
	bool change; /* user or group differ from ours */
	uid_t uid;   /* our user, if no other is given */
	gid_t gid;
	gid_t *groups; /* supplementary ones */
	size_t ngroups;
	char *name; /* name, home and shell are the user's; NULL if */
	char *home; /* no database has the user, or none is given */
	char *shell;
};

/*
 * Look up a user and a group, by name or number.  A user of NULL is ours; a
 * group of NULL is the user's.  Release it with account_fini.  -1 with why, one
 * line, and errno: EINVAL if there is no such user or group; otherwise that of
 * reading the databases.
 */
int account_init(struct account *, const char *user, const char *group,
    char *why, size_t size);
void account_fini(struct account *);

/*
 * For a child, by system calls only: join the account's groups, then become its
 * user, which cannot be undone.  Without change these do nothing.  -1 with
 * errno.
 */
int account_join_groups(const struct account *);
int account_become_user(const struct account *);

/*
 * For a child that is not root: let the capabilities by which it becomes a
 * user, and ends processes of that user, survive execve(2), as far as it has
 * them. -1 with errno.
 */
int account_keep_capabilities(void);

#endif
