/* SPDX-License-Identifier: ISC */
/*
 * What weakens a service that would be started with these options: one row for
 * each weakness, with the reason why it matters and what to do.
 * hotswap-security(7) says whom hotswap trusts.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/paths.h"
#include "base/trust.h"
#include "cli/diagnosis.h"
#include "config/options.h"
#include "process/account.h"
#include "process/passage.h"

#define DETAIL		 TRUST_WHY
#define CREATE_RULESET	 444 /* landlock_create_ruleset(2) */
#define ASK_VERSION	 1
#define YAMA		 "/proc/sys/kernel/yama/ptrace_scope"
#define MEMBERS_SHOWN	 160
#define COMMAND_SHOWN	 60
#define EXEC_OF_A_HEALTH "exec:"

/* What is examined. */
struct subject {
	const struct options *options;
	const char *file; /* of the program; NULL: no program is given */
	struct account account;
};

/* What was found; each text begins as "". */
struct finding {
	char detail[DETAIL];
	char remedy[DETAIL]; /* "": the remedy of the row */
};

/* PATHS */

/* Can anybody besides root and us change what the path means? */
static bool
is_in_other_hands(const char *path, struct finding *finding)
{
	static const struct trust nobody;
	char *cut;

	if (trust_path(
		&nobody, path, finding->detail, sizeof(finding->detail)) == 0 ||
	    errno != EPERM)
		return false;
	/* Behind the cause stands what the user can do. */
	if ((cut = strstr(finding->detail, ": `")) != NULL) {
		strlcpy(finding->remedy, cut + 2, sizeof(finding->remedy));
		*cut = '\0';
	}
	return true;
}

/*
 * A directory that is missing will be created by hotswap, which checks its
 * owner.  In a sticky directory nobody else can replace it then.
 */
static bool
is_directory_in_other_hands(const char *path, struct finding *finding)
{
	char nearest[PATH_MAX];
	struct stat st;

	diagnosis_nearest(path, nearest);
	if (strcmp(path, nearest) != 0 && stat(nearest, &st) == 0 &&
	    st.st_mode & S_ISVTX)
		return false;
	return is_in_other_hands(nearest, finding);
}

static bool
find_program(const struct subject *subject, struct finding *finding)
{
	return subject->file != NULL &&
	    is_in_other_hands(subject->file, finding);
}

static bool
find_config(const struct subject *subject, struct finding *finding)
{
	char path[PATH_MAX];

	return subject->options->config != NULL &&
	    realpath(subject->options->config, path) != NULL &&
	    is_in_other_hands(path, finding);
}

static bool
find_runtime(const struct subject *subject, struct finding *finding)
{
	char path[PATH_MAX];

	return paths_runtime(path, false) == 0 &&
	    is_directory_in_other_hands(path, finding);
}

static bool
find_state(const struct subject *subject, struct finding *finding)
{
	const char *name = subject->options->name;
	char path[PATH_MAX];

	return paths_state(name != NULL ? name : "NAME", path, false) == 0 &&
	    is_directory_in_other_hands(path, finding);
}

static bool
is_file_in_other_hands(const char *file, struct finding *finding)
{
	char directory[PATH_MAX], *slash;

	if (file == NULL || strlcpy(directory, file, PATH_MAX) >= PATH_MAX ||
	    (slash = strrchr(directory, '/')) == NULL)
		return false;
	slash[slash == directory] = '\0';
	return is_directory_in_other_hands(directory, finding);
}

static bool
find_pidfile(const struct subject *subject, struct finding *finding)
{
	return is_file_in_other_hands(subject->options->pidfile, finding) ||
	    is_file_in_other_hands(subject->options->child_pidfile, finding);
}

/*
 * Other users may pass through the runtime directory itself.  The directories
 * above it belong to the operator, and may keep the program's user out.
 */
static bool
find_way(const struct subject *subject, struct finding *finding)
{
	char path[PATH_MAX], nearest[PATH_MAX], culprit[PATH_MAX], *slash;

	if (geteuid() != 0 || !subject->account.change ||
	    paths_runtime(path, false) == -1 ||
	    (slash = strrchr(path, '/')) == NULL || slash == path)
		return false;
	*slash = '\0';
	diagnosis_nearest(path, nearest);
	if (passage_try(&subject->account, nearest, X_OK, culprit) == 0)
		return false;
	snprintf(finding->detail, sizeof(finding->detail), "%s: %s", culprit,
	    strerror(errno));
	return true;
}

/* USERS */

/* The users that the group lists, and those whose primary group it is. */
static void
name_members(const struct group *group, char names[static MEMBERS_SHOWN])
{
	const struct passwd *pw;
	char **member;
	gid_t gid = group->gr_gid;

	for (member = group->gr_mem; *member != NULL; member++) {
		strlcat(names, ", ", MEMBERS_SHOWN);
		strlcat(names, *member, MEMBERS_SHOWN);
	}
	setpwent();
	while ((pw = getpwent()) != NULL)
		if (pw->pw_gid == gid) {
			strlcat(names, ", ", MEMBERS_SHOWN);
			strlcat(names, pw->pw_name, MEMBERS_SHOWN);
		}
	endpwent();
}

static bool
find_control_group(const struct subject *subject, struct finding *finding)
{
	const char *name = subject->options->control_group;
	const struct group *group;
	char names[MEMBERS_SHOWN] = "";

	if (name == NULL)
		return false;
	if ((group = getgrnam(name)) != NULL)
		name_members(group, names);
	snprintf(finding->detail, sizeof(finding->detail), "%s: %s", name,
	    group == NULL	   ? "there is no such group"
		: names[0] == '\0' ? "the group has no member now"
				   : names + strlen(", "));
	return true;
}

static bool
find_root(const struct subject *subject, struct finding *finding)
{
	if (subject->file == NULL || subject->account.uid != 0)
		return false;
	strlcpy(finding->detail, subject->file, sizeof(finding->detail));
	return true;
}

static bool
find_same_user(const struct subject *subject, struct finding *finding)
{
	if (subject->file == NULL || geteuid() == 0)
		return false;
	snprintf(finding->detail, sizeof(finding->detail),
	    "hotswap and the program are both user %u", geteuid());
	return true;
}

static bool
find_privileges(const struct subject *subject, struct finding *finding)
{
	return subject->file != NULL && subject->account.uid != 0 &&
	    !subject->options->no_new_privs;
}

/* COMMANDS */

typedef bool command_test(const char *command);

static bool
is_ours(const char *command)
{
	bool ours;

	options_command(command, &ours);
	return ours;
}

static bool
is_the_programs(const char *command)
{
	return !is_ours(command);
}

static void
note(struct finding *finding, const char *option, const char *command)
{
	char line[COMMAND_SHOWN + 32];

	snprintf(line, sizeof(line), "%s--%s %.*s",
	    finding->detail[0] != '\0' ? ", " : "", option, COMMAND_SHOWN,
	    command);
	strlcat(finding->detail, line, sizeof(finding->detail));
}

/* Note the commands of all options for which the test is true. */
static bool
find_commands(
    const struct options *options, command_test *test, struct finding *finding)
{
	const char *command;
	size_t i, len;

	if (options->check != NULL && test(options->check))
		note(finding, "check", options->check);
	if (options->ready.kind == READY_EXEC && test(options->ready.command))
		note(finding, "ready", options->ready.command);
	for (i = 0; options->health[i] != NULL; i++) {
		len = strlen(EXEC_OF_A_HEALTH);
		command = options->health[i] + len;
		if (strncmp(options->health[i], EXEC_OF_A_HEALTH, len) == 0 &&
		    test(command))
			note(finding, "health", command);
	}
	for (i = 0; options->hook[i] != NULL; i++) {
		command = options_hook_command(options->hook[i], &len);
		if (command != NULL && test(command))
			note(finding, "hook", command);
	}
	return finding->detail[0] != '\0';
}

static bool
find_plus(const struct subject *subject, struct finding *finding)
{
	return find_commands(subject->options, is_ours, finding);
}

static bool
find_root_commands(const struct subject *subject, struct finding *finding)
{
	return subject->account.uid == 0 &&
	    find_commands(subject->options, is_the_programs, finding);
}

/* THE KERNEL */

static bool
find_prober(const struct subject *subject, struct finding *finding)
{
	const uint32_t action = SECCOMP_RET_ERRNO;
	bool filter =
	    syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
	bool landlock = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION) >= 1;

	if (filter && landlock)
		return false;
	snprintf(finding->detail, sizeof(finding->detail),
	    "this kernel has no %s",
	    landlock	 ? "seccomp filters"
		: filter ? "Landlock"
			 : "Landlock and no seccomp filters");
	return true;
}

static bool
find_ptrace(const struct subject *subject, struct finding *finding)
{
	char *text = fd_read_file(YAMA, 64, NULL);
	bool open = text == NULL || strtol(text, NULL, 10) == 0;

	strlcpy(finding->detail,
	    text == NULL ? "this kernel has no Yama"
			 : "kernel.yama.ptrace_scope = 0",
	    sizeof(finding->detail));
	free(text);
	return open;
}

static const struct weakness {
	const char *name;
	bool (*find)(const struct subject *, struct finding *);
	const char *why;
	const char *remedy; /* if the finding has none */
} table[] = {
	{ "program file", find_program,
	    "whoever can change this file decides what the next upgrade runs",
	    "make root the owner of the file and of the directories above it" },
	{ "configuration file", find_config,
	    "whoever can change this file decides what the next start runs",
	    "make root the owner of the file and of the directories above it" },
	{ "runtime directory", find_runtime,
	    "whoever can change this directory can pose as the service",
	    "set HOTSWAP_RUNTIME_DIR to a directory of your own" },
	{ "state directory", find_state,
	    "whoever can change this directory decides what a rollback runs",
	    "set HOTSWAP_STATE_DIR to a directory of your own" },
	{ "pid file", find_pidfile,
	    "whoever can change this file decides which process a script's "
	    "signals reach",
	    "put the file into a directory that belongs to root" },
	{ "way to the sockets", find_way,
	    "the program cannot send READY=1 or use --shim preload",
	    "`chmod o+x` it, or set HOTSWAP_RUNTIME_DIR" },
	{ "program is root", find_root,
	    "whoever breaks into the program has the whole machine",
	    "run the program as a --user; --listen opens ports below 1024 for "
	    "it" },
	{ "commands as root", find_root_commands,
	    "the commands have the program's rights, which are root's",
	    "run the program as a --user, and put a + before commands that "
	    "need root" },
	{ "commands with a +", find_plus,
	    "the commands have hotswap's rights, whatever they read or run",
	    "leave the + out if the program's rights are enough; else keep the "
	    "commands' files out of the program's reach" },
	{ "one user", find_same_user,
	    "the program can kill hotswap and give it commands",
	    "run nothing else as this user; or start hotswap as root, with "
	    "--user" },
	{ "set-user-ID programs", find_privileges,
	    "an attacker who has broken into the program may gain rights by "
	    "them",
	    "use --no-new-privs, unless the program needs sudo or the like" },
	{ "control group", find_control_group,
	    "the group's members may upgrade, roll back and move traffic",
	    "keep only members in the group who need these rights" },
	{ "prober", find_prober,
	    "the prober reads the answers to health checks in a weaker sandbox",
	    "use a kernel that has both Landlock and seccomp filters" },
	{ "processes of one user", find_ptrace,
	    "processes of one user can look into each other, even those of two "
	    "services",
	    "sysctl kernel.yama.ptrace_scope=1, and a user for each "
	    "service" },
};

json_t *
diagnosis_weaknesses(const struct options *options, const char *file)
{
	struct subject subject = { .options = options, .file = file };
	json_t *list = json_array();
	struct finding finding;
	size_t i;

	/* With an unknown user the program could not run at all. */
	if (account_init(&subject.account, options->user, options->group,
		finding.detail, sizeof(finding.detail)) == -1)
		return list;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		finding.detail[0] = finding.remedy[0] = '\0';
		if (!table[i].find(&subject, &finding))
			continue;
		json_array_append_new(list,
		    json_pack("{ss ss ss ss}", "name", table[i].name, "why",
			table[i].why, "detail", finding.detail, "remedy",
			finding.remedy[0] != '\0' ? finding.remedy
						  : table[i].remedy));
	}
	account_fini(&subject.account);
	return list;
}
