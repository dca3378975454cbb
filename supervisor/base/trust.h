/* SPDX-License-Identifier: ISC */
/*
 * Whom a path depends on: who can change what it means, by writing to the
 * file, by replacing it, or by renaming a directory or a link on the way.
 * As sshd's StrictModes, but over the whole way, and with a look at who is in
 * the group that may write.
 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include <stddef.h>
#include <sys/types.h>

#define TRUST_WHY (2 * 4096) /* room for any answer: it names two paths */

/* Who may: these users, and always root and ourselves. */
struct trust {
	const uid_t *uids; /* borrowed */
	size_t n;
	const gid_t *gids; /* groups that others are in, whatever the */
	size_t ngids;	   /* database says of them; borrowed */
};

/*
 * Can nobody but those change what path means?  Every directory from the root
 * on is looked at, each symbolic link is followed and so looked at as well,
 * and then the file, which may be of any kind.  path must be absolute.
 * Nothing is opened for reading, nothing is changed.  A directory in which all
 * may make entries is no fault on the way where it is sticky, since each entry
 * is its maker's there; at the end it is, but for a path that ends in `/.`.
 *
 * Returns 0 if so.  -1 with errno: EPERM if somebody else can, and why says
 * of which file or directory, whose it is, its mode and what to do; else path
 * cannot be followed, and why says where.  why is one line.
 */
int trust_path(const struct trust *, const char *path, char *why, size_t size);

/*
 * The same for a program: also for the interpreters that its first line
 * names, and those that theirs name, execve(2).
 */
int trust_program(
    const struct trust *, const char *path, char *why, size_t size);

#endif
