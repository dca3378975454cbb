/* SPDX-License-Identifier: ISC */
/*
 * The credentials of a process, credentials(7): what the kernel compares when
 * the process opens, links or binds something.
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
	gid_t *groups; /* supplementary groups, *new* */
	size_t ngroups;
	uint64_t capabilities; /* effective capabilities, one bit each */
};

/*
 * The credentials of thread tid: its file system user and groups and its
 * effective capabilities, proc_pid_status(5).  A thread in another user
 * namespace has no capabilities here.  Release them with credentials_fini.  -1
 * with errno.
 */
int credentials_of(pid_t tid, struct credentials *);

/* The same of this process. */
int credentials_own(struct credentials *);

/*
 * The credentials of a user with these groups and no capability; user 0 has the
 * capabilities of this process.  -1 with errno: ENOMEM.
 */
int credentials_make(
    struct credentials *, uid_t, gid_t, const gid_t *groups, size_t ngroups);

int credentials_copy(struct credentials *to, const struct credentials *from);
void credentials_fini(struct credentials *);

/* Do they include a capability, as CAP_NET_BIND_SERVICE? */
bool credentials_can(const struct credentials *, unsigned int capability);

/*
 * Take on these credentials for files, but keep the real and the saved user,
 * which signals depend on.  For a child that executes nothing.  A process
 * without CAP_SETUID and CAP_SETGID keeps its groups if user and group are the
 * same, and fails otherwise.  -1 with errno.
 */
int credentials_take_on(const struct credentials *);

/*
 * To JSON, *new*; NULL with ENOMEM.  And back: -1 with errno, EINVAL if the
 * object does not hold credentials.
 */
json_t *credentials_save(const struct credentials *);
int credentials_restore(struct credentials *, const json_t *);

#endif
