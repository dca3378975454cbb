/* SPDX-License-Identifier: ISC */
/*
 * The rights of a process, credentials(7): what the kernel compares when the
 * process opens, links or binds something.
 */
#ifndef BASE_CREDENTIALS_H
#define BASE_CREDENTIALS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct credentials {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones, *new* */
	size_t ngroups;
	uint64_t capabilities; /* effective ones, a bit for each */
};

/*
 * What thread tid may do, as its file system user and groups and its
 * effective capabilities say, proc_pid_status(5); none in a user namespace
 * that is not ours.  To be released with
 * credentials_fini.  -1 with errno.
 */
int credentials_of(pid_t tid, struct credentials *);

/* The same of ourselves. */
int credentials_own(struct credentials *);

/*
 * Those of a user with these groups and no capability; of user 0, with those
 * that we have.  -1 with ENOMEM.
 */
int credentials_make(
    struct credentials *, uid_t, gid_t, const gid_t *groups, size_t ngroups);

int credentials_copy(struct credentials *to, const struct credentials *from);
void credentials_fini(struct credentials *);

/* Has it this one, as CAP_NET_BIND_SERVICE? */
bool credentials_can(const struct credentials *, unsigned int capability);

/*
 * For a child of ours that executes nothing: have these from here on, where
 * files are concerned, and keep our own user where signals are.  Who is not
 * privileged keeps its own, where user and group are the same.  -1 with
 * errno.
 */
int credentials_take_on(const struct credentials *);

/* *New*; NULL with ENOMEM.  And back: -1 with EINVAL if it is none. */
json_t *credentials_save(const struct credentials *);
int credentials_restore(struct credentials *, const json_t *);

#endif
