/* SPDX-License-Identifier: ISC */
/*
 * A directory in which Unix sockets have their names, and the rights that are
 * used there: those of the program that binds the sockets; our own only if the
 * operator named the path and nobody else can change where it leads.  A deputy
 * (base/deputy.h) does all work in the directory, with an open directory and
 * names of one component.  It changes sockets only, and only the one that is
 * meant.
 *
 * Descriptors are held for a successor, which may have no path to the
 * directory.
 */
#ifndef TRAFFIC_DIRECTORY_H
#define TRAFFIC_DIRECTORY_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/credentials.h"
#include "traffic/identity.h"

#define DIRECTORY_NAME (NAME_MAX + 1) /* room for a name */

struct directory;
struct holder;
struct way_finder;

/*
 * The directory fd, *stolen* in every case, opened with O_PATH.  path is its
 * name for people; path and credentials are copied.  *New*, counted; NULL with
 * errno.
 */
struct directory *directory_new(
    int fd, const char *path, const struct credentials *);

/*
 * The directory of a path that the operator named for sockets of this owner.
 * *New*; NULL with errno.
 */
struct directory *directory_named(
    const char *path, const struct credentials *owner);

struct directory *directory_ref(struct directory *);
void directory_unref(struct directory *);

/* Hold the directory from now on.  -1 with errno. */
int directory_hold(struct directory *, const struct holder *);

/* Save, *new*, NULL with ENOMEM; and restore, *new*, NULL with errno. */
json_t *directory_save(const struct directory *);
struct directory *directory_restore(
    const json_t *, const struct way_finder *, const struct holder *);

/* Is it this directory, whatever mount leads to it? */
bool directory_is(const struct directory *, const struct identity *);

/* Its name for people, with a slash at the end; its descriptor, borrowed. */
const char *directory_path(const struct directory *);
int directory_fd(const struct directory *);

/* Are the rights that are used there our own user's? */
bool directory_is_ours(const struct directory *);

/*
 * Bind a socket to a name; made is the file that this has made.  A socket that
 * has the name is removed first.  The file is given to owner's user and group
 * if these are not ours and we may give it away.  -1 with errno.
 */
int directory_bind(const struct directory *, int fd, const char *name,
    mode_t umask, const struct credentials *owner, struct identity *made);

/* Connect a socket that does not block to a name.  -1 with errno. */
int directory_connect(const struct directory *, int fd, const char *name);

/*
 * Put the socket `private` in the place of `public`, through the name
 * `temporary`, in one step, with the mode and the owner of the socket that was
 * there.  It is no failure if the socket is in place already.  -1 with errno:
 * ENOTSOCK if the place has another kind of file, ESTALE if private is not this
 * file any more.
 */
int directory_place(const struct directory *, const char *private,
    const struct identity *, const char *temporary, const char *public);

/* Remove a name if it is still this very socket's. */
void directory_remove(
    const struct directory *, const char *name, const struct identity *);

/* Is a name still this very socket's?  -1 with errno: ENOENT if not. */
int directory_has(
    const struct directory *, const char *name, const struct identity *);

/*
 * 0 if no process serves, or may serve, at a socket of this name; -1 with
 * errno: EADDRINUSE, ENOTSOCK.
 */
int directory_claim(const struct directory *, const char *name, int type);

#endif
