/* SPDX-License-Identifier: ISC */
/*
 * Where things are, and whether those places can be trusted.  Knows the
 * directories, but not their contents.
 */
#include "base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/trust.h"

#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)
#define OPEN_TO_OTHERS	   (S_IRWXG | S_IRWXO)
#define THROUGH		   (S_IXGRP | S_IXOTH)

/* A directory of the environment may end with a slash: HOME=/ */
static void
join_slashes(char *path)
{
	char *to = path;
	const char *from;

	for (from = path; *from != '\0'; from++)
		if (from[0] != '/' || from[1] != '/')
			*to++ = *from;
	*to = '\0';
}

static int __attribute__((format(printf, 2, 3)))
put(char buf[static PATH_MAX], const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, PATH_MAX, fmt, args);
	va_end(args);
	if (n >= 0 && n < PATH_MAX) {
		join_slashes(buf);
		return 0;
	}
	errno = ENAMETOOLONG;
	return -1;
}

/* The value of a variable that is an absolute path, as XDG demands. */
static const char *
absolute_variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

/* HOTSWAP_* may be relative: the supervisor never changes its directory. */
static int
put_override(char buf[static PATH_MAX], const char *value)
{
	char cwd[PATH_MAX];

	if (value[0] == '/')
		return put(buf, "%s", value);
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return -1;
	return put(buf, "%s/%s", cwd, value);
}

static const char *
override(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *
home_directory(void)
{
	const char *home = absolute_variable("HOME");
	struct passwd *pw;

	if (home == NULL && (pw = getpwuid(geteuid())) != NULL)
		home = pw->pw_dir;
	return home != NULL ? home : "/";
}

/*
 * EPERM if the directory is a link, is another user's, or has a forbidden mode
 * bit: anyone who can write in it can pose as a supervisor.
 */
static int
check(const char *path, mode_t forbidden)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return -1;
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & forbidden) == 0)
		return 0;
	errno = S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode) ? EPERM : ENOTDIR;
	return -1;
}

/*
 * For root: can nobody else change a part of the path that exists already?
 * Root creates no file by a path that others can redirect.
 */
static int
check_way(const char *path)
{
	const struct trust nobody = { 0 };
	char there[PATH_MAX], entry[PATH_MAX + 2], why[TRUST_WHY], *slash;
	struct stat st;

	if (geteuid() != 0)
		return 0;
	strlcpy(there, path, sizeof(there));
	while (lstat(there, &st) == -1 && errno == ENOENT &&
	    (slash = strrchr(there, '/')) != NULL)
		*slash = '\0';
	/* The dot is for a sticky directory at the end, base/trust.h. */
	snprintf(entry, sizeof(entry), "%s/.", there);
	return trust_path(&nobody, entry, why, sizeof(why));
}

/* Make the directory and its missing parents, whatever the umask is. */
static int
make(char *path, mode_t mode)
{
	char *end = path;
	bool last;
	int r;

	do {
		end = strchrnul(end + 1, '/');
		last = *end == '\0';
		*end = '\0';
		if ((r = mkdir(path, mode)) == 0)
			r = chmod(path, mode);
		else if (errno == EEXIST)
			r = 0;
		if (!last)
			*end = '/';
	} while (r == 0 && !last);
	return r;
}

int
paths_runtime(char buf[static PATH_MAX], bool create)
{
	mode_t forbidden = WRITABLE_BY_OTHERS;
	bool shared = false;
	const char *dir;
	int r;

	if ((dir = override("HOTSWAP_RUNTIME_DIR")) != NULL)
		r = put_override(buf, dir);
	else if (geteuid() == 0)
		r = put(buf, "/run/hotswap");
	else if ((dir = absolute_variable("XDG_RUNTIME_DIR")) != NULL)
		r = put(buf, "%s/hotswap", dir);
	else {
		/* Any user may have made it before. */
		shared = true;
		forbidden = OPEN_TO_OTHERS;
		r = put(buf, "/tmp/hotswap-%u", geteuid());
	}
	if (r == -1 ||
	    (create && (check_way(buf) == -1 || make(buf, 0700) == -1)))
		return -1;
	if (!create && !shared)
		return 0;
	if (check(buf, forbidden) == -1 && (create || errno != ENOENT))
		return -1;
	return 0;
}

int
paths_let_through(const char *path)
{
	int fd, r = -1;
	struct stat st;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		goto out;
	errno = EPERM;
	if (st.st_uid != geteuid())
		goto out;
	if ((st.st_mode & THROUGH) == THROUGH)
		r = 0;
	else
		r = fchmod(fd, (st.st_mode & ALLPERMS) | THROUGH);
out:
	fd_close(&fd);
	return r;
}

static bool
is_file_name(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0 && strchr(name, '/') == NULL;
}

int
paths_state(const char *name, char buf[static PATH_MAX], bool create)
{
	char base[PATH_MAX];
	const char *dir;
	int r;

	if (!is_file_name(name)) {
		errno = EINVAL;
		return -1;
	}
	if ((dir = override("HOTSWAP_STATE_DIR")) != NULL)
		r = put_override(base, dir);
	else if (geteuid() == 0)
		r = put(base, "/var/lib/hotswap");
	else if ((dir = absolute_variable("XDG_STATE_HOME")) != NULL)
		r = put(base, "%s/hotswap", dir);
	else
		r = put(base, "%s/.local/state/hotswap", home_directory());
	if (r == -1 || put(buf, "%s/%s", base, name) == -1)
		return -1;
	if (!create)
		return 0;
	if (check_way(buf) == -1 || make(buf, 0711) == -1)
		return -1;
	return check(buf, WRITABLE_BY_OTHERS);
}

int
paths_control(const char *name, char buf[static PATH_MAX])
{
	char dir[PATH_MAX];

	if (!is_file_name(name)) {
		errno = EINVAL;
		return -1;
	}
	if (paths_runtime(dir, false) == -1)
		return -1;
	return put(buf, "%s/%s.sock", dir, name);
}

typedef int socket_call(int, const struct sockaddr *, socklen_t);

/* A longer path is named through a descriptor of its directory, proc(5). */
static int
call_with_path(socket_call *call, int sock, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	int fd = -1, r = -1, n;

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		if (slash == NULL || slash - path >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		strlcpy(directory, path, slash - path + 1);
		fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd == -1)
			return -1;
		n = snprintf(sun.sun_path, sizeof(sun.sun_path),
		    "/proc/self/fd/%d%s", fd, slash);
		if (n >= (int)sizeof(sun.sun_path)) {
			errno = ENAMETOOLONG;
			goto out;
		}
	}
	r = call(sock, (struct sockaddr *)&sun, sizeof(sun));
out:
	fd_close(&fd);
	return r;
}

int
paths_bind(int sock, const char *path)
{
	return call_with_path(bind, sock, path);
}

int
paths_connect(int sock, const char *path)
{
	return call_with_path(connect, sock, path);
}
