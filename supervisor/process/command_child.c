/* SPDX-License-Identifier: ISC */
/*
 * The child that becomes a helper command.  All is prepared before the fork;
 * the child takes its steps, by system calls only, and reports through a pipe
 * which step has failed.
 */
#include "process/command_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/trust.h"
#include "process/account.h"
#include "process/child.h"

#define ROLE "HOTSWAP_ROLE="

/* What the child needs, prepared before the fork. */
struct child {
	const struct command_spec *spec;
	char **env;
	int output;
	int report;
	int program; /* the file of argv[0]; -1: looked up in PATH */
};

/* An environment that borrows the strings.  *New*; NULL with ENOMEM. */
static char **
helper_env(char *const *env)
{
	static char role[] = ROLE "helper";
	size_t n = 0, used = 0, i;
	char **out;

	while (env[n] != NULL)
		n++;
	if ((out = calloc(n + 2, sizeof(*out))) == NULL)
		return NULL;
	for (i = 0; i < n; i++)
		if (strncmp(env[i], ROLE, strlen(ROLE)) != 0)
			out[used++] = env[i];
	out[used] = role;
	return out;
}

/* Leave our session, so that the child has no controlling terminal. */
static int
start_session(struct child *child)
{
	return setsid() == -1 ? -1 : 0;
}

static int
open_output(struct child *child)
{
	int fd = child->spec->input;

	if (fd == 0)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd == -1 || dup2(fd, STDIN_FILENO) == -1 ||
		dup2(child->output, STDOUT_FILENO) == -1 ||
		dup2(child->output, STDERR_FILENO) == -1
	    ? -1
	    : 0;
}

static int
enter_our_directory(struct child *child)
{
	int fd = child->spec->directory_fd;

	return fd != -1 ? fchdir(fd) : 0;
}

/* The user may have no access to the directory where hotswap is installed. */
static int
open_program(struct child *child)
{
	const struct command_spec *spec = child->spec;

	if (spec->account == NULL || !spec->account->change ||
	    spec->argv[0][0] != '/')
		return 0;
	child->program = open(spec->argv[0], O_PATH | O_CLOEXEC);
	return child->program == -1 ? -1 : 0;
}

static int
close_others(struct child *child)
{
	int fds[] = { child->report, child->program };

	if (child_arrange(fds, child->program != -1 ? 2 : 1, 0) == -1)
		return -1;
	child->report = CHILD_FD_FIRST;
	if (child->program != -1)
		child->program = CHILD_FD_FIRST + 1;
	return 0;
}

static int
set_umask(struct child *child)
{
	if (child->spec->umask != -1)
		umask((mode_t)child->spec->umask);
	return 0;
}

static int
join_groups(struct child *child)
{
	const struct account *account = child->spec->account;

	return account != NULL ? account_join_groups(account) : 0;
}

static int
become_user(struct child *child)
{
	const struct account *account = child->spec->account;

	return account != NULL ? account_become_user(account) : 0;
}

static int
enter_directory(struct child *child)
{
	const char *directory = child->spec->directory;

	return directory != NULL ? chdir(directory) : 0;
}

static int
renounce_privileges(struct child *child)
{
	return child->spec->no_new_privs
	    ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	    : 0;
}

static int
keep_capabilities(struct child *child)
{
	return child->spec->keep_capabilities ? account_keep_capabilities() : 0;
}

/* The reason becomes the last line of the output. */
static int
trust_its_program(struct child *child)
{
	const struct trust nobody_else = { .n = 0 };
	char why[TRUST_WHY];

	if (child->spec->trusted == NULL ||
	    trust_program(
		&nobody_else, child->spec->trusted, why, sizeof(why)) == 0)
		return 0;
	fd_write_all(STDERR_FILENO, why, strlen(why));
	return -1;
}

static int
execute(struct child *child)
{
	char *const *argv = (char *const *)child->spec->argv;

	if (child->program == -1)
		return execvpe(argv[0], argv, child->env);
	return (int)syscall(
	    SYS_execveat, child->program, "", argv, child->env, AT_EMPTY_PATH);
}

/* The steps of the child, in their order. */
static const struct step {
	const char *name;
	int (*run)(struct child *);
} steps[] = {
	{ "start a session", start_session },
	{ "open its output", open_output },
	{ "enter the directory that it is given", enter_our_directory },
	{ "open its file", open_program },
	{ "close the descriptors of others", close_others },
	{ "set its umask", set_umask },
	{ "join the groups of its user", join_groups },
	{ "become its user", become_user },
	{ "enter its directory", enter_directory },
	{ "keep its capabilities", keep_capabilities },
	{ "set no_new_privs", renounce_privileges },
	{ "trust its program", trust_its_program },
	{ "execute it", execute },
};
#define NSTEPS (sizeof(steps) / sizeof(steps[0]))

static _Noreturn void
run_steps(struct child *child)
{
	unsigned int step = 0;

	while (step < NSTEPS && steps[step].run(child) != -1)
		step++;
	child_fail(child->report, step);
}

pid_t
command_launch(const struct command_spec *spec, int output, int report)
{
	struct child child = {
		.spec = spec, .output = output, .report = report, .program = -1
	};
	pid_t pid;

	child.env = helper_env(spec->env != NULL ? spec->env : environ);
	if (child.env == NULL)
		return -1;
	if ((pid = child_fork()) == 0)
		run_steps(&child);
	free(child.env);
	return pid;
}

void
command_failure(int report, struct command_result *result)
{
	struct child_failure failure;

	if (child_read_failure(report, &failure) != 1 || failure.step >= NSTEPS)
		return;
	result->failed = steps[failure.step].name;
	result->error = failure.error;
}
