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
#include "process/elf.h"
#include "process/image_gather.h"

static int
fail(struct check *check, const char *cause)
{
	snprintf(
	    check->why, sizeof(check->why), "%s %s", check->program, cause);
	return -1;
}

static int
find_account(struct check *check)
{
	return account_init(&check->account, check->spec->user,
	    check->spec->group, check->why, sizeof(check->why));
}

int
check_as_user(struct check *check)
{
	const struct account *account = &check->account;

	if (!account->change || geteuid() != 0)
		return 0;
	if (setgroups(account->ngroups, account->groups) == -1 ||
	    setegid(account->gid) == -1 || seteuid(account->uid) == -1) {
		snprintf(check->why, sizeof(check->why),
		    "%s cannot be checked as %s: %s", check->spec->argv[0],
		    check->spec->user, strerror(errno));
		return -1;
	}
	return 0;
}

int
check_as_ourselves(struct check *check)
{
	if (check->account.change && getuid() == 0 &&
	    (seteuid(0) == -1 || setegid(0) == -1)) {
		snprintf(check->why, sizeof(check->why),
		    "%s cannot be copied: the process that checks it "
		    "cannot become root again",
		    check->spec->argv[0]);
		return -1;
	}
	return 0;
}

/* As the user, since a link could lead where the user may not go. */
static int
enter_directory(struct check *check)
{
	int r;

	if (check->spec->chdir == NULL)
		return 0;
	if (check_as_user(check) == -1)
		return -1;
	if ((r = chdir(check->spec->chdir)) == -1)
		snprintf(check->why, sizeof(check->why),
		    "the directory %s cannot be entered%s%s: %s",
		    check->spec->chdir, check->account.change ? " by " : "",
		    check->account.change && check->account.name != NULL
			? check->account.name
			: "",
		    strerror(errno));
	return check_as_ourselves(check) == -1 ? -1 : r;
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

/* The kernel names the removed directory: `/srv/releases/1 (deleted)`. */
static int
miss_directory(struct check *check, const char *name)
{
	char link[PATH_MAX] = "";

	if (readlink("/proc/self/cwd", link, sizeof(link) - 1) == -1)
		strlcpy(link, "?", sizeof(link));
	snprintf(check->why, sizeof(check->why),
	    "%s is looked for in hotswap's directory, which was removed: %s; "
	    "name the program by an absolute path, or start the service with "
	    "--chdir",
	    name, link);
	return -1;
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
	    getcwd(check->program, sizeof(check->program)) == NULL)
		return miss_directory(check, name);
	if (name[0] != '/')
		strlcat(check->program, "/", sizeof(check->program));
	strlcat(check->program, name, sizeof(check->program));
	tidy_path(check->program);
	return 0;
}

static int
resolve(struct check *check)
{
	char resolved[PATH_MAX], cause[2 * PATH_MAX];

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
	char cause[2 * PATH_MAX];
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
	char cause[2 * PATH_MAX];
	int r;

	if (check_as_user(check) == -1)
		return -1;
	r = eaccess(check->program, X_OK);
	if (r == -1)
		image_explain(check->program, errno, cause, sizeof(cause));
	if (check_as_ourselves(check) == -1)
		return -1;
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

json_t *
image_check(const struct image_spec *spec, const char *store,
    const struct image_known *known)
{
	static int (*const steps[])(struct check *) = { find_account,
		enter_directory, find_program, check_trust, resolve,
		open_program, check_executable, gather_script, gather_copies,
		gather_folder };
	struct check check = { .spec = spec,
		.store = store,
		.known = known,
		.fd = -1,
		.script.fd = -1 };
	json_t *found = NULL;
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i](&check) == -1)
			break;
	if (i == sizeof(steps) / sizeof(steps[0]) &&
	    (found = gather_result(&check)) == NULL)
		fail(&check,
		    "has a path, arguments or environment that are "
		    "not UTF-8");
	if (found == NULL)
		found = json_pack("{ss}", "error", check.why);
	image_copy_fini(&check.copy);
	image_copy_fini(&check.script.copy);
	fd_close(&check.script.fd);
	account_fini(&check.account);
	fd_close(&check.fd);
	return found;
}
