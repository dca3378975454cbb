/* SPDX-License-Identifier: ISC */
/*
 * A helper command: started by posix_spawn(3), which tells a failed execve(2)
 * at once and never runs our signal handlers in the child; read through one
 * pipe; told of its end by the reaper.
 */
#include "process/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "process/lines.h"
#include "process/reaper.h"

#define PIPE_SIZE 65536 /* what fits into a pipe, pipe(7) */
#define ROLE	  "HOTSWAP_ROLE="

struct command {
	pid_t pid;
	int output;
	bool timed_out;
	struct event *readable;
	struct event *deadline;
	struct lines lines;
	char *log_as;
	command_done *done;
	void *arg;
};

static void
command_free(struct command *command)
{
	int saved = errno;

	if (command->readable != NULL)
		event_free(command->readable);
	if (command->deadline != NULL)
		event_free(command->deadline);
	fd_close(&command->output);
	free(command->log_as);
	free(command);
	errno = saved;
}

/* Its leader has not been reaped yet, so the group's number is still its. */
static void
kill_group(const struct command *command)
{
	kill(-command->pid, SIGKILL);
	kill(command->pid, SIGKILL);
}

static void
log_line(const char *line, void *arg)
{
	const struct command *command = arg;

	log_info("%s: %s", command->log_as, line);
}

/* Returns what read(2) does; 0 and -1 mean that there is no more for now. */
static ssize_t
read_output(struct command *command)
{
	char buf[4096];
	ssize_t n;

	do
		n = read(command->output, buf, sizeof(buf));
	while (n == -1 && errno == EINTR);
	if (n > 0)
		lines_feed(&command->lines, buf, n);
	return n;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct command *command = arg;

	if (read_output(command) == 0)
		event_del(command->readable);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct command *command = arg;

	command->timed_out = true;
	kill_group(command);
}

/*
 * What it wrote is in the pipe by now, and no more than a pipe holds: a
 * descendant that goes on writing must not keep us here.
 */
static void
on_end(pid_t pid, int status, void *arg)
{
	struct command *command = arg;
	struct command_result result = { .status = status };
	ssize_t n, left;

	for (left = PIPE_SIZE; left > 0; left -= n)
		if ((n = read_output(command)) <= 0)
			break;
	lines_end(&command->lines);
	/* It may have ended by itself just before it was killed. */
	result.timed_out = command->timed_out && WIFSIGNALED(status);
	result.last_line = lines_last(&command->lines);
	command->done(&result, command->arg);
	command_free(command);
}

/* A vector that borrows the strings.  *New*; NULL with ENOMEM. */
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

/* Descriptors and directory of the child.  Returns 0 or an errno. */
static int
prepare_files(
    posix_spawn_file_actions_t *files, int output, const char *directory)
{
	int error;

	if ((error = posix_spawn_file_actions_adddup2(
		 files, output, STDOUT_FILENO)) != 0 ||
	    (error = posix_spawn_file_actions_adddup2(
		 files, output, STDERR_FILENO)) != 0 ||
	    (error = posix_spawn_file_actions_addopen(
		 files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)) != 0 ||
	    (error = posix_spawn_file_actions_addclosefrom_np(
		 files, STDERR_FILENO + 1)) != 0)
		return error;
	if (directory == NULL)
		return 0;
	return posix_spawn_file_actions_addchdir_np(files, directory);
}

/* Signals and process group of the child. */
static void
prepare_process(posix_spawnattr_t *process)
{
	sigset_t set;

	/* sigfillset(3) leaves two out, which glibc would make ignored. */
	memset(&set, 0xff, sizeof(set));
	posix_spawnattr_setsigdefault(process, &set);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(process, &set);
	posix_spawnattr_setpgroup(process, 0);
	posix_spawnattr_setflags(process,
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
		POSIX_SPAWN_SETPGROUP);
}

/* Returns 0 or an errno. */
static int
launch(pid_t *pid, const char *const *argv, char *const *env,
    const char *directory, int output)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t process;
	char **full_env;
	int error;

	if ((full_env = helper_env(env)) == NULL)
		return ENOMEM;
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&process);
	prepare_process(&process);
	if ((error = prepare_files(&files, output, directory)) == 0)
		error = posix_spawnp(pid, argv[0], &files, &process,
		    (char *const *)argv, full_env);
	posix_spawnattr_destroy(&process);
	posix_spawn_file_actions_destroy(&files);
	free(full_env);
	return error;
}

static struct command *
command_new(struct event_base *base, int output, const char *log_as)
{
	struct command *command;

	if ((command = calloc(1, sizeof(*command))) == NULL)
		return NULL;
	command->output = -1;
	lines_init(&command->lines, log_as != NULL ? log_line : NULL, command);
	command->readable =
	    event_new(base, output, EV_READ | EV_PERSIST, on_readable, command);
	command->deadline = evtimer_new(base, on_deadline, command);
	if (log_as != NULL)
		command->log_as = strdup(log_as);
	if (command->readable == NULL || command->deadline == NULL ||
	    (log_as != NULL && command->log_as == NULL)) {
		command_free(command);
		errno = ENOMEM;
		return NULL;
	}
	command->output = output;
	return command;
}

struct command *
command_start(struct event_base *base, const char *const *argv,
    char *const *env, const char *directory, unsigned int timeout_ms,
    const char *log_as, command_done *done, void *arg)
{
	struct timeval timeout = clock_interval(timeout_ms);
	struct command *command = NULL;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return NULL;
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == -1 ||
	    (command = command_new(base, ends[0], log_as)) == NULL) {
		fd_close(&ends[0]);
		fd_close(&ends[1]);
		return NULL;
	}
	error = launch(&command->pid, argv, env != NULL ? env : environ,
	    directory, ends[1]);
	fd_close(&ends[1]);
	if (error != 0) {
		command_free(command);
		errno = error;
		return NULL;
	}
	command->done = done;
	command->arg = arg;
	if (reaper_watch(command->pid, on_end, command) == -1 ||
	    event_add(command->readable, NULL) == -1 ||
	    event_add(command->deadline, &timeout) == -1) {
		command_cancel(command);
		errno = ENOMEM;
		return NULL;
	}
	return command;
}

void
command_cancel(struct command *command)
{
	kill_group(command);
	reaper_watch(command->pid, NULL, NULL);
	command_free(command);
}
