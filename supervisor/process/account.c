/* SPDX-License-Identifier: ISC */
/*
 * The user and groups that a program runs as, from the system's databases.
 */
#include "process/account.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <paths.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/lack.h"

/* Read an ID in decimal.  setreuid(2) takes -1 as `no change`: it is no ID. */
static int
parse_id(const char *text, unsigned int *id)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (*end != '\0' || errno != 0 || value >= UINT_MAX)
		return -1;
	*id = (unsigned int)value;
	return 0;
}

/* getgrouplist(3) returns the number of groups if they do not fit. */
static int
list_groups(struct account *account, const char *user)
{
	int room = 16, n = room;
	gid_t *groups;

	for (;;) {
		groups = reallocarray(account->groups, room, sizeof(*groups));
		if (groups == NULL)
			return -1;
		account->groups = groups;
		if (getgrouplist(user, account->gid, groups, &n) != -1)
			break;
		room = n > room ? n : 2 * room;
		n = room;
	}
	account->ngroups = n;
	return 0;
}

/*
 * A database that says nothing sets errno as it likes; but if it could not be
 * read, for lack of descriptors for example, nobody knows what it has.
 */
static int
unknown(void)
{
	if (!lack_is(errno))
		errno = EINVAL;
	return -1;
}

static int
find_user(struct account *account, const char *user, const struct passwd **pw)
{
	unsigned int id;

	errno = 0;
	*pw = getpwnam(user);
	if (*pw == NULL && lack_is(errno))
		return -1;
	if (*pw == NULL && parse_id(user, &id) == 0) {
		account->uid = id;
		errno = 0;
		*pw = getpwuid(id);
		return *pw == NULL && lack_is(errno) ? -1 : 0;
	}
	if (*pw == NULL)
		return unknown();
	account->uid = (*pw)->pw_uid;
	return 0;
}

static int
find_group(struct account *account, const char *group)
{
	const struct group *gr;
	unsigned int id;

	errno = 0;
	if ((gr = getgrnam(group)) != NULL)
		account->gid = gr->gr_gid;
	else if (!lack_is(errno) && parse_id(group, &id) == 0)
		account->gid = id;
	else
		return unknown();
	return 0;
}

static int
not_found(const char *what, const char *name, char *why, size_t size)
{
	if (errno == EINVAL)
		snprintf(why, size, "there is no %s %s", what, name);
	else
		snprintf(why, size, "%s %s cannot be looked up: %s", what, name,
		    strerror(errno));
	return -1;
}

static int
note_person(struct account *account, const struct passwd *pw)
{
	const char *shell = pw->pw_shell;

	if (shell == NULL || shell[0] == '\0')
		shell = _PATH_BSHELL; /* passwd(5) */
	account->name = strdup(pw->pw_name);
	account->home = strdup(pw->pw_dir);
	account->shell = strdup(shell);
	return account->name != NULL && account->home != NULL &&
		account->shell != NULL
	    ? 0
	    : -1;
}

int
account_init(struct account *account, const char *user, const char *group,
    char *why, size_t size)
{
	const struct passwd *pw = NULL;
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	int error;

	*account = (struct account){ .uid = uid, .gid = gid };
	if (user != NULL && find_user(account, user, &pw) == -1)
		return not_found("user", user, why, size);
	if (pw != NULL)
		account->gid = pw->pw_gid;
	if (group != NULL && find_group(account, group) == -1)
		return not_found("group", group, why, size);
	if (user != NULL && pw == NULL && group == NULL) {
		snprintf(why, size,
		    "the user database has no user %s, so its group is "
		    "not known: name one with --group",
		    user);
		errno = EINVAL;
		return -1;
	}
	account->change = account->uid != uid || account->gid != gid;
	if (pw != NULL &&
	    (note_person(account, pw) == -1 ||
		(account->change &&
		    list_groups(account, account->name) == -1))) {
		error = errno;
		snprintf(why, size, "the groups of %s cannot be read: %s", user,
		    strerror(error));
		account_fini(account);
		errno = error;
		return -1;
	}
	return 0;
}

void
account_fini(struct account *account)
{
	free(account->groups);
	free(account->name);
	free(account->home);
	free(account->shell);
	account->name = account->home = account->shell = NULL;
	account->groups = NULL;
	account->ngroups = 0;
}

int
account_join_groups(const struct account *account)
{
	if (!account->change)
		return 0;
	if (setgroups(account->ngroups, account->groups) == -1)
		return -1;
	return setresgid(account->gid, account->gid, account->gid);
}

int
account_become_user(const struct account *account)
{
	uid_t uid = account->uid;

	return account->change ? setresuid(uid, uid, uid) : 0;
}

int
account_keep_capabilities(void)
{
	static const unsigned int kept[] = { CAP_SETUID, CAP_SETGID, CAP_KILL };
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t has = 0;
	size_t i;

	if (geteuid() == 0)
		return 0;
	if (syscall(SYS_capget, &header, data) == -1)
		return -1;
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		has |= data[0].permitted & CAP_TO_MASK(kept[i]);
	if (has == 0)
		return 0;
	data[0].inheritable |= has;
	if (syscall(SYS_capset, &header, data) == -1)
		return -1;
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if ((has & CAP_TO_MASK(kept[i])) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0,
			0) == -1)
			return -1;
	return 0;
}
