/* SPDX-License-Identifier: ISC */
/*
 * Looking up paths of programs as the programs would.
 */
#include "process/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/deputy.h"
#include "base/fd.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* What the deputy gets, and what it has found. */
struct look {
	char directory[PATH_MAX];
	char leaf[NAME_MAX + 1];
	dev_t dev;
	ino_t ino;
	bool socket;
};

/*
 * A magic link of proc(5) means one thing to the deputy and another to the
 * program, whose call the kernel may carry out itself afterwards.
 */
static int
open_directory(const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

/* In a file system that a user controls every later look could hang, too. */
static bool
is_made_by_users(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == -1 || fs.f_type == FUSE_SUPER_MAGIC;
}

/* In the deputy. */
static int
caller_look(void *data, int *fd)
{
	struct look *look = data;
	struct stat st;

	if ((*fd = open_directory(look->directory)) == -1)
		return -1;
	if (geteuid() != 0 && is_made_by_users(*fd)) {
		errno = ENOTSUP;
		return -1;
	}
	if (fstat(*fd, &st) == -1)
		return -1;
	look->dev = st.st_dev;
	look->ino = st.st_ino;
	look->socket =
	    fstatat(*fd, look->leaf, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISSOCK(st.st_mode);
	return 0;
}

/* Split a path.  -1 with errno: a path that ends in a slash names no socket. */
static int
split(struct look *look, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *leaf = slash != NULL ? slash + 1 : path;
	size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;

	strlcpy(look->directory, ".", sizeof(look->directory));
	if (len >= sizeof(look->directory) ||
	    strlcpy(look->leaf, leaf, sizeof(look->leaf)) >=
		sizeof(look->leaf)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (len > 0)
		strlcpy(look->directory, path, len + 1);
	if (leaf[0] != '\0' && strcmp(leaf, ".") != 0 &&
	    strcmp(leaf, "..") != 0)
		return 0;
	errno = EISDIR;
	return -1;
}

static void
name_directory(int fd, char text[static PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((n = readlink(link, text, PATH_MAX - 2)) <= 0)
		n = 0;
	if (n == 0 || text[n - 1] != '/')
		text[n++] = '/';
	text[n] = '\0';
}

int
caller_path_init(struct caller_path *path, pid_t tid, int number,
    const char *text, const struct credentials *who)
{
	struct look found = { 0 };
	const struct deputy_job job = { .who = who,
		.directory = -1,
		.fd = -1,
		.tid = tid,
		.number = number,
		.act = caller_look,
		.data = &found,
		.size = sizeof(found) };

	memset(path, 0, sizeof(*path));
	path->directory = -1;
	if (split(&found, text) == -1 ||
	    deputy_do(&job, &path->directory) == -1 ||
	    credentials_copy(&path->who, who) == -1) {
		fd_close(&path->directory);
		return -1;
	}
	path->dev = found.dev;
	path->ino = found.ino;
	path->socket = found.socket;
	strlcpy(path->leaf, found.leaf, sizeof(path->leaf));
	name_directory(path->directory, path->text);
	return 0;
}

void
caller_path_fini(struct caller_path *path)
{
	credentials_fini(&path->who);
	fd_close(&path->directory);
}

/* getsockopt(2) returns the room it needs.  *New*; NULL with errno. */
static gid_t *
peer_groups(int sock, size_t *n)
{
	gid_t *groups = calloc(1, sizeof(*groups)), *more;
	socklen_t len = 0;

	while (groups != NULL &&
	    getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1) {
		more = errno == ERANGE ? realloc(groups, len + 1) : NULL;
		if (more == NULL)
			free(groups);
		groups = more;
	}
	*n = len / sizeof(*groups);
	return groups;
}

/*
 * The kernel does not keep a peer's capabilities.  The peer may be another
 * program by now, with more capabilities than the one that connected.  For our
 * own user that does not matter, since nobody gains a right by it.
 */
static uint64_t
capabilities_of(pid_t pid, const struct ucred *peer)
{
	struct credentials now;
	uint64_t capabilities = 0;

	if (peer->uid != geteuid() || credentials_of(pid, &now) == -1)
		return 0;
	if (now.uid == peer->uid && now.gid == peer->gid)
		capabilities = now.capabilities;
	credentials_fini(&now);
	return capabilities;
}

int
caller_of_socket(int sock, pid_t pid, struct credentials *who)
{
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;

	*who = (struct credentials){ 0 };
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1 ||
	    (who->groups = peer_groups(sock, &who->ngroups)) == NULL)
		return -1;
	who->uid = peer.uid;
	who->gid = peer.gid;
	who->capabilities = capabilities_of(pid, &peer);
	return 0;
}
