/* SPDX-License-Identifier: ISC */
/*
 * Credentials: reading them from /proc, and taking them on.  User names are not
 * known here.
 */
#include "base/credentials.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/proc.h"

#define WORDS _LINUX_CAPABILITY_U32S_3

static int
set_groups(struct credentials *who, const gid_t *groups, size_t n)
{
	who->groups = calloc(n + 1, sizeof(*who->groups));
	if (who->groups == NULL)
		return -1;
	if (n > 0)
		memcpy(who->groups, groups, n * sizeof(*groups));
	who->ngroups = n;
	return 0;
}

int
credentials_copy(struct credentials *to, const struct credentials *from)
{
	*to = *from;
	return set_groups(to, from->groups, from->ngroups);
}

void
credentials_fini(struct credentials *who)
{
	free(who->groups);
	who->groups = NULL;
	who->ngroups = 0;
}

/* The fourth of four numbers: real, effective, saved, file system. */
static int
read_id(const char *text, const char *label, unsigned int *id)
{
	const char *line = proc_line(text, label);

	if (line != NULL && sscanf(line, "%*u %*u %*u %u", id) == 1)
		return 0;
	errno = ESRCH;
	return -1;
}

static int
read_groups(struct credentials *who, const char *text)
{
	const char *line = proc_line(text, "Groups:"), *end, *p;
	size_t room = 1;
	char *next;

	if (line == NULL) {
		errno = ESRCH;
		return -1;
	}
	end = strchrnul(line, '\n');
	for (p = line; p < end; p++)
		room += *p == ' ';
	who->groups = calloc(room + 1, sizeof(*who->groups));
	if (who->groups == NULL)
		return -1;
	while (line < end && who->ngroups < room) {
		line += strspn(line, " \t");
		if (line >= end)
			break;
		who->groups[who->ngroups++] = (gid_t)strtoul(line, &next, 10);
		line = next;
	}
	return 0;
}

static int
parse(struct credentials *who, const char *text)
{
	const char *capabilities = proc_line(text, "CapEff:");

	if (capabilities == NULL) {
		errno = ESRCH;
		return -1;
	}
	who->capabilities = strtoull(capabilities, NULL, 16);
	if (read_id(text, "Uid:", &who->uid) == -1 ||
	    read_id(text, "Gid:", &who->gid) == -1)
		return -1;
	return read_groups(who, text);
}

/*
 * Is the thread in this process's user namespace?  A process that has left it
 * has capabilities that count for nothing here, and cannot come back,
 * user_namespaces(7).
 */
static bool
has_our_namespace(pid_t tid)
{
	struct stat ours, theirs;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)tid);
	return stat("/proc/self/ns/user", &ours) == 0 &&
	    stat(path, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
	    ours.st_ino == theirs.st_ino;
}

int
credentials_of(pid_t tid, struct credentials *who)
{
	char *text;
	int r;

	*who = (struct credentials){ 0 };
	if ((text = proc_status(tid)) == NULL)
		return -1;
	r = parse(who, text);
	free(text);
	if (r == -1)
		credentials_fini(who);
	else if (!has_our_namespace(tid))
		who->capabilities = 0;
	return r;
}

/* The C library has no wrapper for capget(2). */
static int
own_capabilities(uint64_t *capabilities)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[WORDS];

	if (syscall(SYS_capget, &header, data) == -1)
		return -1;
	*capabilities = (uint64_t)data[1].effective << 32 | data[0].effective;
	return 0;
}

/*
 * Does not read /proc, which may be another one in the root directory of a
 * program.
 */
int
credentials_own(struct credentials *who)
{
	int n = getgroups(0, NULL);

	*who = (struct credentials){ .uid = geteuid(), .gid = getegid() };
	if (n == -1 || own_capabilities(&who->capabilities) == -1 ||
	    (who->groups = calloc((size_t)n + 1, sizeof(gid_t))) == NULL)
		return -1;
	if ((n = getgroups(n, who->groups)) == -1) {
		credentials_fini(who);
		return -1;
	}
	who->ngroups = (size_t)n;
	return 0;
}

int
credentials_make(struct credentials *who, uid_t uid, gid_t gid,
    const gid_t *groups, size_t ngroups)
{
	struct credentials own = { 0 };

	if (uid == 0 && credentials_own(&own) == -1)
		return -1;
	credentials_fini(&own);
	*who = (struct credentials){
		.uid = uid, .gid = gid, .capabilities = own.capabilities
	};
	return set_groups(who, groups, ngroups);
}

bool
credentials_can(const struct credentials *who, unsigned int capability)
{
	return (who->capabilities >> capability & 1) != 0;
}

/*
 * Keep only the wanted capabilities, and none for a program that is executed.
 */
static int
limit_capabilities(uint64_t wanted)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[WORDS];
	uint32_t word;
	size_t i;

	if (syscall(SYS_capget, &header, data) == -1)
		return -1;
	for (i = 0; i < WORDS; i++) {
		word = (uint32_t)(wanted >> (32 * i));
		data[i].permitted &= word;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return (int)syscall(SYS_capset, &header, data);
}

static bool
has_groups(const struct credentials *who, const struct credentials *other)
{
	return who->ngroups == other->ngroups &&
	    memcmp(who->groups, other->groups,
		who->ngroups * sizeof(*who->groups)) == 0;
}

/*
 * Does nothing if nothing changes: some containers refuse setgroups(2) even
 * then.
 */
static int
change_ids(const struct credentials *who, const struct credentials *own)
{
	bool same = own->uid == who->uid && own->gid == who->gid;

	if (same && has_groups(who, own))
		return 0;
	if (!credentials_can(own, CAP_SETUID) ||
	    !credentials_can(own, CAP_SETGID)) {
		errno = EPERM;
		return same ? 0 : -1;
	}
	if (prctl(PR_SET_KEEPCAPS, 1) == -1 ||
	    setgroups(who->ngroups, who->groups) == -1 ||
	    setresgid(who->gid, who->gid, who->gid) == -1)
		return -1;
	/*
	 * The real and the saved user stay as they are: so a process of the new
	 * user may not signal this one, kill(2), and this one may not open the
	 * new user's own FUSE file systems.
	 */
	return setresuid((uid_t)-1, who->uid, (uid_t)-1);
}

int
credentials_take_on(const struct credentials *who)
{
	struct credentials own;
	int r;

	if (credentials_own(&own) == -1)
		return -1;
	r = change_ids(who, &own);
	credentials_fini(&own);
	if (r == -1 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		return -1;
	return limit_capabilities(who->capabilities);
}

json_t *
credentials_save(const struct credentials *who)
{
	json_t *groups = json_array();
	size_t i;

	for (i = 0; i < who->ngroups; i++)
		json_array_append_new(
		    groups, json_integer((json_int_t)who->groups[i]));
	return json_pack("{sI sI so sI}", "uid", (json_int_t)who->uid, "gid",
	    (json_int_t)who->gid, "groups", groups, "capabilities",
	    (json_int_t)who->capabilities);
}

int
credentials_restore(struct credentials *who, const json_t *saved)
{
	json_int_t uid, gid, capabilities;
	json_t *groups, *group;
	size_t i;

	if (json_unpack((json_t *)saved, "{sI sI so sI}", "uid", &uid, "gid",
		&gid, "groups", &groups, "capabilities", &capabilities) == -1) {
		errno = EINVAL;
		return -1;
	}
	*who = (struct credentials){ .uid = (uid_t)uid,
		.gid = (gid_t)gid,
		.capabilities = (uint64_t)capabilities };
	who->groups = calloc(json_array_size(groups) + 1, sizeof(gid_t));
	if (who->groups == NULL)
		return -1;
	json_array_foreach (groups, i, group)
		who->groups[who->ngroups++] = (gid_t)json_integer_value(group);
	return 0;
}
