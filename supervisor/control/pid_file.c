/* SPDX-License-Identifier: ISC */
/*
 * One function changes the file, in this process or in a deputy that has the
 * program's rights.  It works from a descriptor of the directory, and never
 * follows a link in the file's place.
 */
#include "control/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/credentials.h"
#include "base/deputy.h"
#include "base/fd.h"
#include "base/trust.h"
#include "config/options.h"
#include "process/account.h"

#define ASIDE_TRIES 16
#define TEXT_SIZE   16

struct pid_file {
	char directory[PATH_MAX];
	char name[NAME_MAX + 1];
	bool as_other; /* the program's user is not ours */
	struct credentials program;
	gid_t *gids; /* all of its groups, the primary one included */
	int fd;	     /* our own claimed file, locked; or -1 */
};

/* What is to be done, for a process that may make system calls only. */
struct act {
	char directory[PATH_MAX];
	char name[NAME_MAX + 1];
	char aside[NAME_MAX + 32]; /* its last character is chosen */
	char text[TEXT_SIZE];	   /* "": remove the file */
	bool keep;		   /* locked, and its descriptor is kept */
	bool alone;		   /* fail if a process has it locked */
	pid_t other;		   /* the process that has it locked */
};

_Static_assert(sizeof(struct act) <= DEPUTY_DATA_MAX, "data of a deputy's");

/* Does the file have a process that lives?  Anybody can take a lock alone. */
static bool
is_taken(struct act *act, int directory)
{
	int fd = openat(directory, act->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char text[TEXT_SIZE] = "";
	struct stat st;
	bool taken = false;

	if (fd == -1)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK &&
	    pread(fd, text, sizeof(text) - 1, 0) > 0) {
		act->other = (pid_t)strtol(text, NULL, 10);
		taken = act->other > 0 &&
		    (kill(act->other, 0) == 0 || errno == EPERM);
	}
	fd_close(&fd);
	return taken;
}

static int
open_aside(struct act *act, int directory)
{
	char *digit = &act->aside[strlen(act->aside) - 1];
	int fd = -1, i;

	for (i = 0; fd == -1 && i < ASIDE_TRIES; i++) {
		*digit = (char)('a' + i);
		fd = openat(directory, act->aside,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd == -1 && errno != EEXIST)
			break;
	}
	return fd;
}

/* The file is locked before it gets its name, so that it is never unlocked. */
static int
put(struct act *act, int directory, int *kept)
{
	int fd = open_aside(act, directory), r = -1;

	if (fd == -1)
		return -1;
	if (fchmod(fd, 0644) == 0 &&
	    fd_write_all(fd, act->text, strlen(act->text)) == 0 &&
	    (!act->keep || flock(fd, LOCK_EX | LOCK_NB) == 0))
		r = renameat(directory, act->aside, directory, act->name);
	if (r == -1) {
		r = errno;
		unlinkat(directory, act->aside, 0);
		errno = r;
		r = -1;
	}
	if (r == 0 && act->keep)
		*kept = fd;
	else
		fd_close(&fd);
	return r;
}

static int
do_it(void *data, int *fd)
{
	struct act *act = data;
	int directory =
	    open(act->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	/* A directory may permit writing without reading. */
	if (directory == -1)
		directory =
		    open(act->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory == -1)
		return -1;
	if (act->text[0] == '\0') {
		r = unlinkat(directory, act->name, 0);
		if (r == -1 && errno == ENOENT)
			r = 0;
	} else if (act->alone && is_taken(act, directory)) {
		errno = EEXIST;
		r = -1;
	} else {
		r = put(act, directory, fd);
	}
	fd_close(&directory);
	return r;
}

/*
 * Choose who changes the file: we do if root and we alone can change the
 * directory.  0 with *as_program; -1 with why.
 */
static int
choose(const struct pid_file *file, bool *as_program, char *why, size_t size)
{
	const struct trust trust = { NULL, 0, file->gids,
		file->as_other ? file->program.ngroups + 1 : 0 };
	char entry[PATH_MAX + 2], cause[TRUST_WHY];

	/*
	 * The dot behind it is because a sticky directory is safe,
	 * base/trust.h.
	 */
	snprintf(entry, sizeof(entry), "%s/.", file->directory);
	*as_program = false;
	if (geteuid() != 0 ||
	    trust_path(&trust, entry, cause, sizeof(cause)) == 0)
		return 0;
	/* A directory that does not exist is reported by the act itself. */
	*as_program = file->as_other;
	if (file->as_other || errno != EPERM)
		return 0;
	snprintf(why, size,
	    "%s/%s: not written, since others could use this path to replace "
	    "root's files: %s",
	    file->directory, file->name, cause);
	return -1;
}

static int
act_on(struct pid_file *file, struct act *act, int *fd, char *why, size_t size)
{
	const struct deputy_job job = { .who = &file->program,
		.directory = -1,
		.fd = -1,
		.act = do_it,
		.data = act,
		.size = sizeof(*act) };
	bool as_program;
	int r, saved;

	strlcpy(act->directory, file->directory, sizeof(act->directory));
	strlcpy(act->name, file->name, sizeof(act->name));
	snprintf(act->aside, sizeof(act->aside), ".%s.%d.a", file->name,
	    (int)getpid());
	if (choose(file, &as_program, why, size) == -1) {
		errno = EPERM;
		return -1;
	}
	/*
	 * In its own directory the program can fake a lock, so a lock proves
	 * nothing.
	 */
	act->alone &= !as_program;
	r = as_program ? deputy_do(&job, fd) : do_it(act, fd);
	if (r == 0)
		return 0;
	saved = errno;
	snprintf(why, size, "%s/%s: %s%s", file->directory, file->name,
	    strerror(saved),
	    as_program ? ", with the rights of the program's user, since users "
			 "other than root can change that directory"
		       : "");
	errno = saved;
	return -1;
}

int
pid_file_put(struct pid_file *file, pid_t pid, char *why, size_t size)
{
	struct act act = { .keep = false };
	int none = -1, r;

	if (pid != 0)
		snprintf(act.text, sizeof(act.text), "%d\n", (int)pid);
	r = act_on(file, &act, &none, why, size);
	if (r == 0)
		fd_close(&file->fd);
	return r;
}

int
pid_file_claim(struct pid_file *file, pid_t pid, bool alone, pid_t *other,
    char *why, size_t size)
{
	struct act act = { .keep = true, .alone = alone };
	int fd = -1, r;

	snprintf(act.text, sizeof(act.text), "%d\n", (int)pid);
	r = act_on(file, &act, &fd, why, size);
	*other = r == -1 && errno == EEXIST ? act.other : 0;
	if (r == 0)
		file->fd = fd;
	return r;
}

/* Split the path, which is absolute after that. */
static int
name_it(struct pid_file *file, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	char here[PATH_MAX] = "";
	int n;

	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0) {
		errno = EISDIR;
		return -1;
	}
	if (path[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return -1;
	n = snprintf(file->directory, sizeof(file->directory), "%s%s%.*s", here,
	    here[0] != '\0' || slash == path ? "/" : "",
	    slash != NULL ? (int)(slash - path) : 0, path);
	if (n >= (int)sizeof(file->directory) ||
	    strlcpy(file->name, name, sizeof(file->name)) >=
		sizeof(file->name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

/* An unknown user is reported when the program is started. */
static int
find_rights(struct pid_file *file, const struct options *options)
{
	struct account account;
	char why[256];
	size_t i;
	int r;

	if (account_init(&account, options->user, options->group, why,
		sizeof(why)) == -1)
		return credentials_own(&file->program);
	file->as_other = account.uid != geteuid();
	r = credentials_make(&file->program, account.uid, account.gid,
	    account.groups, account.ngroups);
	file->gids = calloc(account.ngroups + 1, sizeof(*file->gids));
	if (file->gids == NULL)
		r = -1;
	else
		file->gids[0] = account.gid;
	for (i = 0; file->gids != NULL && i < account.ngroups; i++)
		file->gids[i + 1] = account.groups[i];
	account_fini(&account);
	return r;
}

struct pid_file *
pid_file_new(const char *path, const struct options *options)
{
	struct pid_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return NULL;
	file->fd = -1;
	if (name_it(file, path) == 0 && find_rights(file, options) == 0)
		return file;
	pid_file_free(file);
	return NULL;
}

void
pid_file_free(struct pid_file *file)
{
	if (file == NULL)
		return;
	fd_close(&file->fd);
	credentials_fini(&file->program);
	free(file->gids);
	free(file);
}
