/* SPDX-License-Identifier: ISC */
/*
 * Starting an image.  All is prepared before the fork; the child takes its
 * steps, by system calls only, and reports which step has failed.
 */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/await.h"
#include "base/fd.h"
#include "base/strings.h"
#include "filter.h"
#include "process/account.h"
#include "process/child.h"

/* What the child needs, prepared before the fork. */
struct child {
	const struct image *image;
	struct account account;
	char path[PATH_MAX]; /* to execute */
	char **argv;
	char **env;
	char *pids[SPAWN_PIDS]; /* places in env; NULL: not there */
	int *fds;		/* sockets, the report, the image's file */
	size_t nfds;
	size_t ninherited;
	int report; /* the pipe for a failure */
	const struct filter *filter;
	int filter_sock;   /* for the notification descriptor */
	pid_t parent;	   /* our PID */
	const int *output; /* as in struct spawn */
};

/*
 * If we end now, nobody knows of this child.  A successor finds only programs
 * that have been executed, and starts the program again if there is none.
 */
static int
die_with_parent(struct child *child)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return -1;
	if (getppid() == child->parent)
		return 0;
	errno = ESRCH;
	return -1;
}

static int
start_session(struct child *child)
{
	return setsid() == -1 ? -1 : 0;
}

static int
open_stdin(struct child *child)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	return fd == -1 || dup2(fd, STDIN_FILENO) == -1 ? -1 : 0;
}

static int
open_output(struct child *child)
{
	if (child->output == NULL)
		return 0;
	return dup2(child->output[0], STDOUT_FILENO) == -1 ||
		dup2(child->output[1], STDERR_FILENO) == -1
	    ? -1
	    : 0;
}

static int
pass_sockets(struct child *child)
{
	if (child_arrange(child->fds, child->nfds, child->ninherited) == -1)
		return -1;
	child->report = CHILD_FD_FIRST + (int)child->ninherited;
	child->filter_sock = child->report + 1;
	return 0;
}

/* After this the child must not bind, listen or unlink. */
static int
put_filter_on(struct child *child)
{
	return child->filter != NULL
	    ? filter_install(child->filter, child->filter_sock)
	    : 0;
}

static int
set_umask(struct child *child)
{
	if (child->image->umask != -1)
		umask((mode_t)child->image->umask);
	return 0;
}

static int
enter_directory(struct child *child)
{
	return child->image->chdir != NULL ? chdir(child->image->chdir) : 0;
}

static int
join_groups(struct child *child)
{
	return account_join_groups(&child->account);
}

static int
become_user(struct child *child)
{
	return account_become_user(&child->account);
}

static int
renounce_privileges(struct child *child)
{
	return child->image->no_new_privs
	    ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	    : 0;
}

static int
write_pid(struct child *child)
{
	char digits[SPAWN_PID_SIZE];
	size_t n = sizeof(digits);
	pid_t pid = getpid();
	size_t i;

	digits[--n] = '\0';
	for (; pid > 0; pid /= 10)
		digits[--n] = (char)('0' + pid % 10);
	for (i = 0; i < SPAWN_PIDS; i++)
		if (child->pids[i] != NULL)
			memcpy(child->pids[i], digits + n, sizeof(digits) - n);
	return 0;
}

static int
execute(struct child *child)
{
	if (prctl(PR_SET_PDEATHSIG, 0) == -1)
		return -1;
	if (getppid() != child->parent) {
		errno = ESRCH;
		return -1;
	}
	return execve(child->path, child->argv, child->env);
}

/*
 * The steps in their order.  object is the offset in struct image of the name
 * for the message; 0, which is no string's offset, means no name.
 */
static const struct step {
	const char *name;
	size_t object;
	int (*run)(struct child *);
} steps[] = {
	{ "ask to die with the supervisor", 0, die_with_parent },
	{ "start a session", 0, start_session },
	{ "open /dev/null", 0, open_stdin },
	{ "open its output", 0, open_output },
	{ "arrange its descriptors", 0, pass_sockets },
	{ "set its umask", 0, set_umask },
	{ "install the filter of --shim", 0, put_filter_on },
	{ "take on the groups of", offsetof(struct image, user), join_groups },
	{ "become user", offsetof(struct image, user), become_user },
	/* A process that becomes another user forgets it, prctl(2). */
	{ "ask to die with the supervisor", 0, die_with_parent },
	{ "set no_new_privs", 0, renounce_privileges },
	/* As the user, since a link could lead where the user may not go. */
	{ "enter the directory", offsetof(struct image, chdir),
	    enter_directory },
	{ "write its PID into its environment", 0, write_pid },
	{ "execute", 0, execute },
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

/* The file that was executed, under the name that the user knows. */
static void
explain_failure(const struct image *image, int error, char *why, size_t size)
{
	char path[PATH_MAX], cause[PATH_MAX + 128];

	if (image_locate(image, path, sizeof(path)) == -1)
		strlcpy(path, image->program, sizeof(path));
	image_explain(path, error, cause, sizeof(cause));
	snprintf(why, size, "cannot start %s: it %s", image->program, cause);
}

static void
describe_failure(const struct image *image, const struct child_failure *failure,
    char *why, size_t size)
{
	const struct step *step = &steps[failure->step];
	const char *object = NULL;

	if (step->run == execute) {
		explain_failure(image, failure->error, why, size);
		return;
	}
	if (step->object != 0)
		object = *(char *const *)((const char *)image + step->object);
	snprintf(why, size, "cannot start %s: its process cannot %s%s%s: %s",
	    image->program, step->name, object != NULL ? " " : "",
	    object != NULL ? object : "", strerror(failure->error));
}

/* Reap a child that has failed, so that its end is reported to nobody. */
static int
await_execution(
    const struct image *image, int report, pid_t pid, char *why, size_t size)
{
	struct child_failure failure;
	int failed;

	/* The directory may hang, or the user may stop the child. */
	if (await_child(pid, report, true) == -1) {
		snprintf(why, size,
		    "cannot start %s: its process has not executed it yet, and "
		    "is killed; its directory may hang, or somebody has "
		    "stopped the process",
		    image->program);
		/* A child that hangs may die later: the loop reaps it. */
		kill(pid, SIGKILL);
		return -1;
	}
	if ((failed = child_read_failure(report, &failure)) == 0)
		return 0;
	if (failed == 1 && failure.step < NSTEPS)
		describe_failure(image, &failure, why, size);
	else
		snprintf(why, size,
		    "cannot start %s: its process has not told why",
		    image->program);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	return -1;
}

/* Expand all but argv[0], which stays as it was given. */
static char **
expand_arguments(const struct spawn *spawn)
{
	char **argv = strings_copy(spawn->image->argv), **argument, *text;

	for (argument = argv; argument != NULL && *argument != NULL;
	     argument++) {
		if (argument == argv)
			continue;
		text = spawn_expand(*argument, spawn->name, spawn->generation);
		if (text == NULL) {
			strings_free(argv);
			return NULL;
		}
		free(*argument);
		*argument = text;
	}
	return argv;
}

/*
 * The image's file comes after the sockets, the report and the filter's socket,
 * so it has another number in the child.  execve(2) itself closes it.
 */
static int
collect_descriptors(struct child *child, const struct spawn *spawn)
{
	static const char by_descriptor[] = "/proc/self/fd/";
	size_t i;

	child->fds =
	    calloc(spawn->nsockets + spawn->nstored + 3, sizeof(*child->fds));
	if (child->fds == NULL)
		return -1;
	for (i = 0; i < spawn->nsockets; i++)
		child->fds[child->nfds++] = spawn->sockets[i].fd;
	/* The other protocols cannot describe stored descriptors. */
	if (spawn->protocols & PASS_SYSTEMD)
		for (i = 0; i < spawn->nstored; i++)
			child->fds[child->nfds++] = spawn->stored[i].fd;
	child->ninherited = child->nfds;
	child->fds[child->nfds++] = child->report;
	if (spawn->filter != NULL)
		child->fds[child->nfds++] = spawn->filter_sock;
	if (strncmp(child->path, by_descriptor, strlen(by_descriptor)) == 0) {
		snprintf(child->path, sizeof(child->path), "%s%zu",
		    by_descriptor, CHILD_FD_FIRST + child->nfds);
		child->fds[child->nfds++] = spawn->image->fd;
	}
	return 0;
}

static int
child_init(struct child *child, const struct spawn *spawn, int report,
    char *why, size_t size)
{
	const struct image *image = spawn->image;
	char cause[128];

	*child = (struct child){ .image = image,
		.report = report,
		.filter = spawn->filter,
		.output = spawn->output,
		.parent = getpid() };
	if (account_init(&child->account, image->user, image->group, cause,
		sizeof(cause)) == -1) {
		snprintf(
		    why, size, "cannot start %s: %s", image->program, cause);
		return -1;
	}
	if (image_locate(image, child->path, sizeof(child->path)) == -1) {
		snprintf(why, size,
		    "cannot start %s: the file has changed, and there is no "
		    "copy of what it was",
		    image->program);
		return -1;
	}
	child->argv = expand_arguments(spawn);
	child->env = spawn_env(spawn, &child->account, environ, child->pids);
	if (child->argv == NULL || child->env == NULL ||
	    collect_descriptors(child, spawn) == -1) {
		snprintf(why, size, "cannot start %s: %s", image->program,
		    strerror(errno));
		return -1;
	}
	return 0;
}

static void
child_fini(struct child *child)
{
	account_fini(&child->account);
	strings_free(child->argv);
	spawn_env_free(child->env);
	free(child->fds);
}

pid_t
spawn_start(const struct spawn *spawn, char *why, size_t size)
{
	struct child child;
	int report[2];
	pid_t pid = -1;

	if (pipe2(report, O_CLOEXEC) == -1) {
		snprintf(why, size, "cannot start %s: pipe: %s",
		    spawn->image->program, strerror(errno));
		return -1;
	}
	if (child_init(&child, spawn, report[1], why, size) == -1)
		goto out;
	if ((pid = child_fork()) == 0)
		run_steps(&child);
	if (pid == -1) {
		snprintf(why, size, "cannot start %s: fork: %s",
		    spawn->image->program, strerror(errno));
		goto out;
	}
	fd_close(&report[1]);
	if (await_execution(spawn->image, report[0], pid, why, size) == -1)
		pid = -1;
out:
	fd_close(&report[0]);
	fd_close(&report[1]);
	child_fini(&child);
	return pid;
}
