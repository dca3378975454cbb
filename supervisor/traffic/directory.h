/* SPDX-License-Identifier: ISC */
/*
 * A directory in which Unix sockets have their names, and whose rights are
 * used there: those of the program that binds them; our own only where the
 * operator named the path and nobody else can change what it leads to.  All
 * is done by a deputy (base/deputy.h) and by open directories, with names of
 * one component; what is changed is a socket, and the one that is meant.
 *
 * Descriptors are held for a successor, who may reach the directory by no
 * path of its own.
 */
#ifndef TRAFFIC_DIRECTORY_H
#define TRAFFIC_DIRECTORY_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/credentials.h"
#include "traffic/identity.h"

#define DIRECTORY_NAME (NAME_MAX + 1) /* room for a name in it */

struct directory;
struct holder;
struct way_finder;

/*
 * The directory fd, *stolen* in every case, as O_PATH opens it.  path is what
 * people call it; both others are copied.  *New*, counted; NULL with errno.
 */
struct directory *directory_new(
    int fd, const char *path, const struct credentials *);

/*
 * The one of a path that the operator named for sockets of this owner's.
 * NULL with errno.
 */
struct directory *directory_named(
    const char *path, const struct credentials *owner);

struct directory *directory_ref(struct directory *);
void directory_unref(struct directory *);

/* To be held from now on.  -1 with errno. */
int directory_hold(struct directory *, const struct holder *);

/* *New*; NULL with ENOMEM.  And back; NULL with errno. */
json_t *directory_save(const struct directory *);
struct directory *directory_restore(
    const json_t *, const struct way_finder *, const struct holder *);

/* Is it this one, through whatever mount? */
bool directory_is(const struct directory *, const struct identity *);

/* What people call it, with a slash at its end; its descriptor, borrowed. */
const char *directory_path(const struct directory *);
int directory_fd(const struct directory *);

/* Are the rights that are used there our own user's? */
bool directory_is_ours(const struct directory *);

/*
 * Bind a socket to a name there and say which file that has made.  A socket
 * that has the name is removed first.  The file is given to owner's user and
 * group where ours are others and may be given away.  -1 with errno.
 */
int directory_bind(const struct directory *, int fd, const char *name,
    mode_t umask, const struct credentials *owner, struct identity *made);

/* Connect a socket that does not block to a name.  -1 with errno. */
int directory_connect(const struct directory *, int fd, const char *name);

/*
 * Put the socket `private` in the place of `public`, by way of `temporary`, in
 * one step and with the mode and the owner of a socket that is there.  -1 with
 * errno: ENOTSOCK if something else lies there, ESTALE if private is not this
 * file any more.  It is fine if it is in place already.
 */
int directory_place(const struct directory *, const char *private,
    const struct identity *, const char *temporary, const char *public);

/* Remove a name, if it still is this very socket's. */
void directory_remove(
    const struct directory *, const char *name, const struct identity *);

/* Is a name there still this very socket's?  -1 with errno: ENOENT if not. */
int directory_has(
    const struct directory *, const char *name, const struct identity *);

/*
 * Does a socket lie there that somebody serves, or may?  0 if not; -1 with
 * errno: EADDRINUSE, ENOTSOCK.
 */
int directory_claim(const struct directory *, const char *name, int type);

#endif
