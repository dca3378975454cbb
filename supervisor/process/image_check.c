/* SPDX-License-Identifier: ISC */
/*
 * The checks that a program file must pass before it becomes an image, in
 * the order in which they can be made.
 */
#include "process/image_check.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <paths.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/trust.h"
#include "process/account.h"
#include "process/elf.h"
#include "process/image_copy.h"

#define CAUSE (2 * PATH_MAX)
#define WHY   (TRUST_WHY + PATH_MAX)

/* The check under way. */
struct check {
	const struct image_spec *spec;
	const char *store;
	char program[PATH_MAX]; /* as asked for; later resolved */
	struct account account;
	int fd;
	struct stat st;
	struct image_copy copy;
	char why[WHY];
};

static int
fail(struct check *check, const char *cause)
{
	snprintf(
	    check->why, sizeof(check->why), "%s %s", check->program, cause);
	return -1;
}

static int
enter_directory(struct check *check)
{
	if (check->spec->chdir == NULL || chdir(check->spec->chdir) == 0)
		return 0;
	snprintf(check->why, sizeof(check->why),
	    "the directory %s cannot be entered: %s", check->spec->chdir,
	    strerror(errno));
	return -1;
}

static int
find_account(struct check *check)
{
	return account_init(&check->account, check->spec->user,
	    check->spec->group, check->why, sizeof(check->why));
}

/*
 * Try name in the first directory of a PATH; an empty one means the present
 * directory.  Returns whether there is such a file.
 */
static bool
try_directory(const char *path, size_t len, const char *name,
    char candidate[static PATH_MAX])
{
	struct stat st;
	int n;

	n = snprintf(candidate, PATH_MAX, "%.*s/%s", len > 0 ? (int)len : 1,
	    len > 0 ? path : ".", name);
	return n < PATH_MAX && stat(candidate, &st) == 0 && S_ISREG(st.st_mode);
}

/* The first file of that name in PATH that can be run, else the first. */
static int
search_path(struct check *check, const char *name)
{
	const char *path = getenv("PATH");
	char candidate[PATH_MAX];
	bool runs = false;
	size_t len;

	if (path == NULL)
		path = _PATH_STDPATH;
	for (; !runs; path += len + 1) {
		len = strcspn(path, ":");
		if (try_directory(path, len, name, candidate)) {
			runs = eaccess(candidate, X_OK) == 0;
			if (runs || check->program[0] == '\0')
				strlcpy(check->program, candidate,
				    sizeof(check->program));
		}
		if (path[len] == '\0')
			break;
	}
	if (check->program[0] != '\0')
		return 0;
	snprintf(check->why, sizeof(check->why),
	    "%s is in none of the directories of PATH", name);
	return -1;
}

/* Remove `//` and `/./` for people.  `..` stays: a link may be before it. */
static void
tidy_path(char *path)
{
	const char *from = path;

	while (*from != '\0') {
		if (from[0] == '/' && from[1] == '/')
			from++;
		else if (strncmp(from, "/./", 3) == 0)
			from += 2;
		else
			*path++ = *from++;
	}
	*path = '\0';
}

static int
find_program(struct check *check)
{
	const char *name = check->spec->exe;

	if (name == NULL)
		name = check->spec->argv[0];
	if (strchr(name, '/') == NULL)
		return search_path(check, name);
	if (name[0] != '/' &&
	    getcwd(check->program, sizeof(check->program)) != NULL)
		strlcat(check->program, "/", sizeof(check->program));
	strlcat(check->program, name, sizeof(check->program));
	tidy_path(check->program);
	return 0;
}

static int
resolve(struct check *check)
{
	char resolved[PATH_MAX], cause[CAUSE];

	if (realpath(check->program, resolved) == NULL) {
		image_explain(check->program, errno, cause, sizeof(cause));
		return fail(check, cause);
	}
	strlcpy(check->program, resolved, sizeof(check->program));
	return 0;
}

static int
open_program(struct check *check)
{
	char cause[CAUSE];
	struct elf elf;

	/* O_NONBLOCK, as it may be a FIFO. */
	check->fd = open(check->program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (check->fd == -1 || fstat(check->fd, &check->st) == -1) {
		snprintf(cause, sizeof(cause), "cannot be read: %s",
		    strerror(errno));
		return fail(check, cause);
	}
	if (S_ISDIR(check->st.st_mode))
		return fail(check, "is a directory");
	if (!S_ISREG(check->st.st_mode))
		return fail(check, "is not a regular file");
	if (check->st.st_size == 0)
		return fail(check, "is empty");
	if (elf_read(&elf, check->fd) == 0 && elf.is_truncated)
		return fail(
		    check, "is a truncated program (still being copied?)");
	return 0;
}

/* Checked as the program's user, who may have no access on the path. */
static int
check_executable(struct check *check)
{
	const struct account *account = &check->account;
	bool change = account->change && geteuid() == 0;
	char cause[CAUSE];
	int r;

	if (change &&
	    (setgroups(account->ngroups, account->groups) == -1 ||
		setegid(account->gid) == -1 || seteuid(account->uid) == -1)) {
		snprintf(cause, sizeof(cause), "cannot be checked as %s: %s",
		    check->spec->user, strerror(errno));
		return fail(check, cause);
	}
	r = eaccess(check->program, X_OK);
	if (r == -1)
		image_explain(check->program, errno, cause, sizeof(cause));
	if (change && (seteuid(0) == -1 || setegid(0) == -1))
		return fail(check,
		    "cannot be copied: the process that checks it cannot become root again");
	return r == -1 ? fail(check, cause) : 0;
}

/*
 * Root must not run what others could have put there.  The program's own user
 * may change the file: that user gains no right by it.  For another ordinary
 * user the file's owner, who deploys it, may change the file as well, since the
 * operator has asked for that.  The path is checked as it was given, because
 * others may control where the links in it lead.
 */
static int
check_trust(struct check *check)
{
	uid_t uids[2] = { check->account.uid };
	struct trust trust = { uids, 1, NULL, 0 };
	struct stat st;
	const char *user = check->account.name;
	char cause[TRUST_WHY];

	if (check->account.uid != 0 && stat(check->program, &st) == 0)
		uids[trust.n++] = st.st_uid;
	if (geteuid() != 0 ||
	    trust_program(&trust, check->program, cause, sizeof(cause)) == 0 ||
	    errno != EPERM)
		return 0;
	snprintf(check->why, sizeof(check->why),
	    "%s could be replaced by others than root%s%s: %s", check->program,
	    user != NULL ? " and " : "", user != NULL ? user : "", cause);
	return -1;
}

static int
take_copy(struct check *check)
{
	char cause[CAUSE];
	struct stat after;

	if (image_copy_init(&check->copy, check->fd, check->st.st_size,
		check->store) == -1 &&
	    errno != ESTALE) {
		snprintf(cause, sizeof(cause), "cannot be read: %s",
		    strerror(errno));
		return fail(check, cause);
	}
	if (fstat(check->fd, &after) == -1 ||
	    after.st_size != check->st.st_size ||
	    after.st_mtim.tv_sec != check->st.st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec != check->st.st_mtim.tv_nsec)
		return fail(
		    check, "changed while it was read (still being copied?)");
	return 0;
}

/* A list as JSON; NULL if a string is not UTF-8. */
static json_t *
list_to_json(char *const *list)
{
	json_t *array = json_array();

	for (; list != NULL && *list != NULL; list++)
		if (json_array_append_new(array, json_string(*list)) == -1) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *
file_to_json(const struct stat *st)
{
	return json_pack("{sI sI sI s[II] s[II]}", "dev",
	    (json_int_t)st->st_dev, "ino", (json_int_t)st->st_ino, "size",
	    (json_int_t)st->st_size, "mtime", (json_int_t)st->st_mtim.tv_sec,
	    (json_int_t)st->st_mtim.tv_nsec, "ctime",
	    (json_int_t)st->st_ctim.tv_sec, (json_int_t)st->st_ctim.tv_nsec);
}

static json_t *
result(struct check *check)
{
	const struct image_spec *spec = check->spec;
	char warning[WHY];

	snprintf(warning, sizeof(warning), "no private copy of %s in %s: %s",
	    check->program, check->store != NULL ? check->store : "",
	    strerror(check->copy.error));
	return json_pack("{ss ss ss* ss* so so so ss* ss* ss* ss* si sb sb}",
	    "program", check->program, "sha256", check->copy.sha256, "copy",
	    check->copy.path, "warning",
	    check->copy.error != 0 ? warning : NULL, "file",
	    file_to_json(&check->st), "arguments", list_to_json(spec->argv),
	    "env", list_to_json(spec->env), "exe", spec->exe, "chdir",
	    spec->chdir, "user", spec->user, "group", spec->group, "umask",
	    spec->umask, "clear-env", spec->clear_env, "no-new-privs",
	    spec->no_new_privs);
}

json_t *
image_check(const struct image_spec *spec, const char *store)
{
	static int (*const steps[])(struct check *) = { enter_directory,
		find_account, find_program, check_trust, resolve, open_program,
		check_executable, take_copy };
	struct check check = { .spec = spec, .store = store, .fd = -1 };
	json_t *found = NULL;
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i](&check) == -1)
			break;
	if (i == sizeof(steps) / sizeof(steps[0]) &&
	    (found = result(&check)) == NULL)
		fail(&check,
		    "has a path, arguments or environment that are "
		    "not UTF-8");
	if (found == NULL)
		found = json_pack("{ss}", "error", check.why);
	image_copy_fini(&check.copy);
	account_fini(&check.account);
	fd_close(&check.fd);
	return found;
}
