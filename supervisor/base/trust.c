/* SPDX-License-Identifier: ISC */
/*
 * Walking a path step by step.  Each step is an O_PATH descriptor, so that the
 * directory that was checked is the one from which the next step is taken.
 */
#include "base/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"

#define LINKS_MAX  40  /* links that the kernel follows, path_resolution(7) */
#define SCRIPT_MAX 5   /* interpreters that the kernel follows, execve(2) */
#define LINE_SIZE  256 /* bytes of #! that the kernel reads, execve(2) */

_Static_assert(TRUST_WHY >= 2 * PATH_MAX, "room for paths");

/* A walk.  rest is the path that remains after at. */
struct walk {
	const struct trust *trust;
	int fd; /* an O_PATH descriptor of at */
	struct stat st;
	char at[PATH_MAX];
	char rest[PATH_MAX];
	unsigned int links;
	char *why;
	size_t size;
};

static bool
is_trusted(const struct trust *trust, uid_t uid)
{
	size_t i;

	if (uid == 0 || uid == geteuid())
		return true;
	for (i = 0; i < trust->n; i++)
		if (trust->uids[i] == uid)
			return true;
	return false;
}

/*
 * Does the user have no ID in this user namespace?  All such files have one
 * owner here, and this process can do no more to them than the namespace's
 * creator: they are treated as root's.
 */
static bool
is_outside(uid_t uid)
{
	unsigned long first, outer, count, overflow = 65534;
	bool mapped = false;
	FILE *file;

	if ((file = fopen("/proc/sys/kernel/overflowuid", "re")) != NULL) {
		if (fscanf(file, "%lu", &overflow) != 1)
			overflow = 65534;
		fclose(file);
	}
	if (uid != overflow)
		return false;
	if ((file = fopen("/proc/self/uid_map", "re")) == NULL)
		return false;
	while (fscanf(file, "%lu %lu %lu", &first, &outer, &count) == 3)
		mapped |= uid >= first && uid - first < count;
	fclose(file);
	return !mapped;
}

/*
 * All members of the group: those in its list, and those with it as their
 * primary group.
 */
static bool
is_group_trusted(const struct trust *trust, gid_t gid)
{
	const struct group *group = getgrgid(gid);
	const struct passwd *pw;
	bool trusted = true;
	char **member;
	size_t i;

	for (i = 0; i < trust->ngids; i++)
		if (trust->gids[i] == gid)
			return false;
	for (member = group != NULL ? group->gr_mem : NULL;
	     member != NULL && *member != NULL && trusted; member++)
		trusted = (pw = getpwnam(*member)) == NULL ||
		    is_trusted(trust, pw->pw_uid);
	setpwent();
	while (trusted && (pw = getpwent()) != NULL)
		trusted = pw->pw_gid != gid || is_trusted(trust, pw->pw_uid);
	endpwent();
	return trusted;
}

/* If there is an access list, the group's mode bits are its mask, acl(5). */
static bool
has_access_list(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

enum writers { WRITERS_TRUSTED, WRITERS_GROUP, WRITERS_LISTED, WRITERS_ALL };

/* Who can write by the mode, besides the owner. */
static enum writers
find_writers(const struct trust *trust, int fd, const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return WRITERS_TRUSTED;
	if (st->st_mode & S_IWOTH)
		return WRITERS_ALL;
	if ((st->st_mode & S_IWGRP) == 0)
		return WRITERS_TRUSTED;
	if (has_access_list(fd))
		return WRITERS_LISTED;
	return is_group_trusted(trust, st->st_gid) ? WRITERS_TRUSTED
						   : WRITERS_GROUP;
}

/* Can untrusted users replace a link in this directory? */
static bool
is_replaceable(const struct walk *walk, int directory)
{
	struct stat st;

	return fstat(directory, &st) == -1 ||
	    find_writers(walk->trust, directory, &st) != WRITERS_TRUSTED;
}

static const char *
kind_of(mode_t mode)
{
	return S_ISDIR(mode) ? "the directory "
	    : S_ISLNK(mode)  ? "the link "
			     : "";
}

static const char *
name_user(uid_t uid, char buf[static 32])
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		return pw->pw_name;
	snprintf(buf, 32, "user %u", uid);
	return buf;
}

static const char *
name_group(gid_t gid, char buf[static 32])
{
	const struct group *group = getgrgid(gid);

	if (group != NULL)
		return group->gr_name;
	snprintf(buf, 32, "%u", gid);
	return buf;
}

static int
refuse_owner(struct walk *walk)
{
	char number[32];

	snprintf(walk->why, walk->size,
	    "%s%s belongs to %s (mode %04o), who can change it: `chown -h root "
	    "%s` makes it root's",
	    kind_of(walk->st.st_mode), walk->at,
	    name_user(walk->st.st_uid, number), walk->st.st_mode & 07777,
	    walk->at);
	errno = EPERM;
	return -1;
}

static int
refuse_writers(struct walk *walk, enum writers writers)
{
	char number[32], other[32], who[64];
	const char *change = "g-w";

	if (writers == WRITERS_ALL) {
		strlcpy(who, "everybody", sizeof(who));
		change = "o-w";
	} else if (writers == WRITERS_LISTED) {
		strlcpy(who, "those that its access list names", sizeof(who));
	} else {
		snprintf(who, sizeof(who), "the group %s",
		    name_group(walk->st.st_gid, other));
	}
	snprintf(walk->why, walk->size,
	    "%s%s is writable by %s (owner %s, mode %04o): `chmod %s %s` ends "
	    "that",
	    kind_of(walk->st.st_mode), walk->at, who,
	    name_user(walk->st.st_uid, number), walk->st.st_mode & 07777,
	    change, walk->at);
	errno = EPERM;
	return -1;
}

/*
 * An entry of a sticky directory can be replaced only by the entry's owner and
 * the directory's owner, who is checked.  So a sticky directory itself may be
 * writable if the path goes on below it.
 */
static int
judge(struct walk *walk, int directory, bool is_last)
{
	enum writers writers = find_writers(walk->trust, walk->fd, &walk->st);
	bool sticky =
	    S_ISDIR(walk->st.st_mode) && walk->st.st_mode & S_ISVTX && !is_last;

	if (!is_trusted(walk->trust, walk->st.st_uid) &&
	    !is_outside(walk->st.st_uid) &&
	    (!S_ISLNK(walk->st.st_mode) || is_replaceable(walk, directory)))
		return refuse_owner(walk);
	if (writers == WRITERS_TRUSTED || sticky)
		return 0;
	return refuse_writers(walk, writers);
}

static int
fail(struct walk *walk)
{
	int saved = errno;

	snprintf(walk->why, walk->size, "%s: %s", walk->at, strerror(errno));
	errno = saved;
	return -1;
}

static int
stand_at_root(struct walk *walk)
{
	fd_close(&walk->fd);
	strlcpy(walk->at, "/", sizeof(walk->at));
	walk->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk->fd == -1 || fstat(walk->fd, &walk->st) == -1)
		return fail(walk);
	return judge(walk, walk->fd, false);
}

/* `..` leads to a checked directory, but at must get its name. */
static int
name_where_we_are(struct walk *walk)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", walk->fd);
	if ((n = readlink(link, walk->at, sizeof(walk->at) - 1)) == -1)
		return fail(walk);
	walk->at[n] = '\0';
	return 0;
}

/* Put the link's text before the rest of the path.  *Steals* directory. */
static int
follow(struct walk *walk, int directory)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(walk->fd, "", target, sizeof(target) - 1);

	fd_close(&walk->fd);
	walk->fd = directory;
	if (n == -1)
		return fail(walk);
	target[n] = '\0';
	strlcpy(rest, walk->rest, sizeof(rest));
	if (++walk->links > LINKS_MAX ||
	    snprintf(walk->rest, sizeof(walk->rest), "%s/%s", target, rest) >=
		(int)sizeof(walk->rest)) {
		errno = walk->links > LINKS_MAX ? ELOOP : ENAMETOOLONG;
		return fail(walk);
	}
	if (target[0] == '/')
		return stand_at_root(walk);
	return fstat(walk->fd, &walk->st) == -1 ? fail(walk)
						: name_where_we_are(walk);
}

/* Remove the next name from the rest of the path; "" at the end. */
static void
take_name(struct walk *walk, char name[static PATH_MAX])
{
	const char *rest = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(rest, "/");

	memcpy(name, rest, len);
	name[len] = '\0';
	rest += len;
	rest += strspn(rest, "/");
	memmove(walk->rest, rest, strlen(rest) + 1);
}

static int
step(struct walk *walk, const char *name)
{
	int directory = walk->fd, r;

	if (strcmp(walk->at, "/") != 0)
		strlcat(walk->at, "/", sizeof(walk->at));
	strlcat(walk->at, name, sizeof(walk->at));
	walk->fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (walk->fd == -1 || fstat(walk->fd, &walk->st) == -1) {
		r = fail(walk);
	} else if (strcmp(name, "..") == 0) {
		r = name_where_we_are(walk);
	} else if ((r = judge(walk, directory, walk->rest[0] == '\0')) == 0 &&
	    S_ISLNK(walk->st.st_mode)) {
		return follow(walk, directory);
	}
	fd_close(&directory);
	return r;
}

int
trust_path(const struct trust *trust, const char *path, char *why, size_t size)
{
	struct walk walk = {
		.trust = trust, .fd = -1, .why = why, .size = size
	};
	char name[PATH_MAX];
	int r;

	if (strlcpy(walk.rest, path, sizeof(walk.rest)) >= sizeof(walk.rest)) {
		snprintf(why, size, "%s", strerror(ENAMETOOLONG));
		errno = ENAMETOOLONG;
		return -1;
	}
	r = stand_at_root(&walk);
	while (r == 0) {
		take_name(&walk, name);
		if (name[0] == '\0')
			break;
		if (strcmp(name, ".") != 0)
			r = step(&walk, name);
	}
	fd_close(&walk.fd);
	return r;
}

/* Get the interpreter of the file's first line; false if there is none. */
static bool
read_interpreter(const char *path, char interpreter[static LINE_SIZE])
{
	char line[LINE_SIZE + 1];
	struct stat st;
	ssize_t n = -1;
	char *word;
	int fd;

	/* Nonblocking: the file may be a FIFO. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = pread(fd, line, LINE_SIZE, 0);
	fd_close(&fd);
	if (n < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[n] = '\0';
	word = line + 2 + strspn(line + 2, " \t");
	word[strcspn(word, " \t\n")] = '\0';
	strlcpy(interpreter, word, LINE_SIZE);
	return interpreter[0] == '/';
}

int
trust_program(
    const struct trust *trust, const char *path, char *why, size_t size)
{
	char interpreter[LINE_SIZE];
	unsigned int i;

	for (i = 0; i < SCRIPT_MAX; i++) {
		if (trust_path(trust, path, why, size) == -1)
			return -1;
		if (!read_interpreter(path, interpreter))
			break;
		path = interpreter;
	}
	return 0;
}
