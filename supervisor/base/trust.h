/* SPDX-License-Identifier: ISC */
/*
 * Trust: who can change what a path means, by writing to the file, by replacing
 * it, or by renaming a directory or a link on the path.  Like sshd's
 * StrictModes, but for every part of the path, and with the members of a group
 * that may write.
 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include <stddef.h>
#include <sys/types.h>

#define TRUST_WHY (2 * 4096) /* room for any text: it names two paths */

/* Who is trusted: these users, and always root and this process's user. */
struct trust {
	const uid_t *uids; /* borrowed */
	size_t n;
	const gid_t *gids; /* groups that have other members, whatever */
	size_t ngids;	   /* the database says of them; borrowed */
};

/*
 * Can only those users change what path means?  Checks every directory from the
 * root on, every symbolic link, which is followed, and at last the file, which
 * may be of any kind.  path must be absolute.  Nothing is opened for reading or
 * changed.  A sticky directory on the path may be writable by all, because an
 * entry in it can be replaced only by its owner; at the end of the path it may
 * not, unless the path ends in `/.`.
 *
 * Returns 0 if so.  -1 with errno: EPERM if another user can, and why names the
 * file or directory, its owner, its mode and a remedy; any other errno if path
 * cannot be followed, and why says where.  why is one line.
 */
int trust_path(const struct trust *, const char *path, char *why, size_t size);

/*
 * The same for a program: also for the interpreters that the first line of a
 * script names, and those of that interpreter, execve(2).
 */
int trust_program(
    const struct trust *, const char *path, char *why, size_t size);

#endif
