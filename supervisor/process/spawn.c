/* SPDX-License-Identifier: ISC */
/*
 * Starting an image.  All is prepared before the fork; the child takes its
 * steps, by system calls only, and reports which step has failed.
 */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/await.h"
#include "base/fd.h"
#include "base/lifetime.h"
#include "base/strings.h"
#include "filter.h"
#include "process/account.h"
#include "process/child.h"
#include "process/image_mount.h"

/* What the child needs, prepared before the fork. */
struct child {
	const struct image *image;
	const struct image_plan *plan;
	struct account account;
	int directory; /* descriptor; -1: the image's path */
	int program;   /* descriptor to execute; -1: plan's path */
	struct image_mount mounts[IMAGE_MOUNTS]; /* with our descriptors */
	char **argv;
	char **env;
	char *pids[SPAWN_PIDS]; /* places in env; NULL: not there */
	int *fds;		/* sockets, the report, the image's files */
	size_t nfds;
	size_t ninherited;
	int report;	 /* the pipe for a failure */
	int filter_sock; /* for the notification descriptor */
	const struct filter *filter;
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
	return lifetime_bind(child->parent, SIGKILL);
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
	if (child_arrange(child->fds, child->nfds, child->ninherited) == -1) {
		child->report = child->fds[child->ninherited];
		return -1;
	}
	child->report = CHILD_FD_FIRST + (int)child->ninherited;
	child->filter_sock = child->report + 1;
	return 0;
}

static int
mount_files(struct child *child)
{
	/* The descriptor leads to the old namespace; our directory does not. */
	if (child->plan->nmounts > 0 && child->directory != -1 &&
	    fchdir(child->directory) == -1)
		return -1;
	return image_mount(child->mounts, child->plan->nmounts);
}

static int
load_program(struct child *child)
{
	if (child->plan->way != IMAGE_IN_MEMORY)
		return 0;
	child->program = image_load(child->plan->program);
	return child->program == -1 ? -1 : 0;
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
	const struct image_directory *directory = &child->image->directory;

	if (child->plan->directory[0] != '\0')
		return chdir(child->plan->directory);
	if (child->directory != -1)
		return child->plan->nmounts > 0 ? chdir(".")
						: fchdir(child->directory);
	/* Without a descriptor it is of an older build, or was removed. */
	if (directory->path != NULL)
		return chdir(directory->path);
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
put_beside(struct child *child)
{
	return image_put_beside(child->plan->beside, child->plan->nbeside);
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
	size_t n = sizeof(digits), i;
	pid_t pid = getpid();

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
	if (lifetime_bind(child->parent, 0) == -1)
		return -1;
	if (child->program != -1)
		return execveat(
		    child->program, "", child->argv, child->env, AT_EMPTY_PATH);
	return execve(child->plan->program, child->argv, child->env);
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
	{ "mount its files", 0, mount_files },
	{ "load it into memory", 0, load_program },
	{ "set its umask", 0, set_umask },
	{ "install the filter of --shim", 0, put_filter_on },
	{ "take on the groups of", offsetof(struct image, user), join_groups },
	{ "become user", offsetof(struct image, user), become_user },
	/* A process that becomes another user forgets it, prctl(2). */
	{ "ask to die with the supervisor", 0, die_with_parent },
	{ "write the copy", 0, put_beside }, /* as the user, whose it is */
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

/* May another way succeed where this step has failed? */
static bool
is_of_way(const struct image_plan *plan, int (*step)(struct child *))
{
	return plan->way != IMAGE_IN_PLACE &&
	    (step == mount_files || step == load_program ||
		step == put_beside || step == execute);
}

/* The file that was executed, under the name that the user knows. */
static void
explain_failure(const struct spawn *spawn, const char *way, int error,
    char *why, size_t size)
{
	char path[PATH_MAX], cause[PATH_MAX + 128];

	strlcpy(path, spawn->plan->program, sizeof(path));
	if (spawn->plan->program_fd != -1)
		snprintf(path, sizeof(path), "/proc/self/fd/%d",
		    spawn->plan->program_fd);
	image_explain(path, error, cause, sizeof(cause));
	snprintf(why, size, "cannot start %s%s: it %s",
	    spawn->image->program.path, way, cause);
}

static void
describe_failure(const struct spawn *spawn, const struct child_failure *failure,
    char *why, size_t size)
{
	const struct step *step = &steps[failure->step];
	const struct image *image = spawn->image;
	const char *object = NULL;
	char way[PATH_MAX + 64] = " ";

	image_plan_describe(spawn->plan, image, way + 1, sizeof(way) - 1);
	if (way[1] == '\0')
		way[0] = '\0';
	if (step->run == execute) {
		explain_failure(spawn, way, failure->error, why, size);
		return;
	}
	if (step->object != 0)
		object = *(char *const *)((const char *)image + step->object);
	snprintf(why, size, "cannot start %s%s: its process cannot %s%s%s: %s",
	    image->program.path, way, step->name, object != NULL ? " " : "",
	    object != NULL ? object : "", strerror(failure->error));
}

/* Reap a child that has failed, so that its end is reported to nobody. */
static int
await_execution(const struct spawn *spawn, int report, pid_t pid, bool *of_way,
    char *why, size_t size)
{
	const char *path = spawn->image->program.path;
	struct child_failure failure;
	int failed;

	/* The directory may hang, or the user may stop the child. */
	if (await_child(pid, report, true) == -1) {
		snprintf(why, size,
		    "cannot start %s: its process has not executed it yet, and "
		    "is killed; its directory may hang, or somebody has "
		    "stopped the process",
		    path);
		/* A child that hangs may die later: the loop reaps it. */
		kill(pid, SIGKILL);
		errno = ETIMEDOUT;
		return -1;
	}
	if ((failed = child_read_failure(report, &failure)) == 0)
		return 0;
	if (failed == 1 && failure.step < NSTEPS) {
		describe_failure(spawn, &failure, why, size);
		*of_way = is_of_way(spawn->plan, steps[failure.step].run);
	} else {
		failure.error = ECHILD;
		snprintf(why, size,
		    "cannot start %s: its process has not told why", path);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	errno = failure.error;
	return -1;
}

/* A further descriptor; returns its number in the child, -1 for -1. */
static int
add_descriptor(struct child *child, int fd)
{
	if (fd == -1)
		return -1;
	child->fds[child->nfds++] = fd;
	return CHILD_FD_FIRST + (int)child->nfds - 1;
}

/*
 * The image's files come after the sockets, the report and the filter's socket,
 * so they have other numbers in the child.  execve(2) itself closes them.
 */
static int
collect_descriptors(struct child *child, const struct spawn *spawn)
{
	const struct image_plan *plan = spawn->plan;
	size_t i;

	child->fds =
	    calloc(spawn->nsockets + spawn->nstored + plan->nmounts + 4,
		sizeof(*child->fds));
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
	child->program = add_descriptor(child, plan->program_fd);
	child->directory = add_descriptor(child, spawn->image->directory.fd);
	for (i = 0; i < plan->nmounts; i++) {
		child->mounts[i] = plan->mounts[i];
		child->mounts[i].fd = add_descriptor(child, plan->mounts[i].fd);
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
		.plan = spawn->plan,
		.report = report,
		.filter = spawn->filter,
		.output = spawn->output,
		.parent = getpid() };
	if (account_init(&child->account, image->user, image->group, cause,
		sizeof(cause)) == -1) {
		snprintf(why, size, "cannot start %s: %s", image->program.path,
		    cause);
		return -1;
	}
	child->argv = spawn_arguments(spawn);
	child->env = spawn_env(spawn, &child->account, environ, child->pids);
	if (child->argv == NULL || child->env == NULL ||
	    collect_descriptors(child, spawn) == -1) {
		snprintf(why, size, "cannot start %s: %s", image->program.path,
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
spawn_start(const struct spawn *spawn, bool *of_way, char *why, size_t size)
{
	struct child child;
	int report[2], saved;
	pid_t pid = -1;

	*of_way = false;
	if (pipe2(report, O_CLOEXEC) == -1) {
		snprintf(why, size, "cannot start %s: pipe: %s",
		    spawn->image->program.path, strerror(errno));
		return -1;
	}
	if (child_init(&child, spawn, report[1], why, size) == -1)
		goto out;
	if ((pid = child_fork()) == 0)
		run_steps(&child);
	if (pid == -1) {
		snprintf(why, size, "cannot start %s: fork: %s",
		    spawn->image->program.path, strerror(errno));
		goto out;
	}
	fd_close(&report[1]);
	if (await_execution(spawn, report[0], pid, of_way, why, size) == -1)
		pid = -1;
out:
	saved = errno;
	fd_close(&report[0]);
	fd_close(&report[1]);
	child_fini(&child);
	errno = saved;
	return pid;
}
