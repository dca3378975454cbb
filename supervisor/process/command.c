/* SPDX-License-Identifier: ISC */
/*
 * A helper command: all is got ready before the fork; the child takes its
 * steps, by system calls only, and says through a pipe which of them failed.
 * Its output is read through another one; its end is told by the reaper.
 */
#include "process/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/trust.h"
#include "process/account.h"
#include "process/child.h"
#include "process/lines.h"
#include "process/reaper.h"
#include "process/relay.h"

#define PIPE_SIZE 65536 /* what fits into a pipe, pipe(7) */
#define RELAY_MS  200	/* for what a relay has still to pass on */
#define ROLE	  "HOTSWAP_ROLE="

struct command {
	pid_t pid;
	int output;
	int report; /* what kept it from running comes here */
	bool timed_out;
	bool relayed; /* its output comes through process/relay.h */
	bool ended;   /* and is waited for */
	int status;   /* then */
	struct event *readable;
	struct event *deadline;
	struct lines lines;
	char *log_as;
	command_done *done;
	void *arg;
};

/* What the child needs, made beforehand. */
struct child {
	const struct command_spec *spec;
	char **env;
	int output;
	int report;
	int program; /* the file of argv[0]; -1: looked up in PATH */
};

/* What comes through the report's pipe. */
struct failure {
	unsigned int step;
	int error;
};

/* THE CHILD */

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

/* Not in our session: a terminal that controls us must not be within reach. */
static int
start_session(struct child *child)
{
	return setsid() == -1 ? -1 : 0;
}

static int
open_output(struct child *child)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

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

/* Its user may have no way to where hotswap is installed. */
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

/* Why not is its last line. */
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

/* In this order. */
static const struct step {
	const char *name;
	int (*run)(struct child *);
} steps[] = {
	{ "start a session", start_session },
	{ "open its output", open_output },
	{ "enter the directory it is given", enter_our_directory },
	{ "open its file", open_program },
	{ "close what is not its", close_others },
	{ "set its umask", set_umask },
	{ "take on its groups", join_groups },
	{ "become its user", become_user },
	{ "enter its directory", enter_directory },
	{ "set no_new_privs", renounce_privileges },
	{ "trust its program", trust_its_program },
	{ "execute it", execute },
};
#define NSTEPS (sizeof(steps) / sizeof(steps[0]))

static _Noreturn void
run_steps(struct child *child)
{
	struct failure failure;

	for (failure.step = 0; failure.step < NSTEPS; failure.step++)
		if (steps[failure.step].run(child) == -1)
			break;
	failure.error = errno;
	fd_write_all(child->report, &failure, sizeof(failure));
	_exit(EXIT_FAILURE);
}

/* THE PARENT */

static void
command_free(struct command *command)
{
	int saved = errno;

	if (command->readable != NULL)
		event_free(command->readable);
	if (command->deadline != NULL)
		event_free(command->deadline);
	fd_close(&command->output);
	fd_close(&command->report);
	free(command->log_as);
	free(command);
	errno = saved;
}

/* Its leader has not been reaped yet, so the group's number is still its. */
static void
kill_group(const struct command *command)
{
	if (command->ended)
		return;
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

static void finish(struct command *);

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct command *command = arg;

	if (read_output(command) != 0)
		return;
	event_del(command->readable);
	if (command->ended)
		finish(command);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct command *command = arg;

	if (command->ended) {
		finish(command);
		return;
	}
	command->timed_out = true;
	kill_group(command);
}

/* Nothing comes if execve(2) has succeeded: that closed the other end. */
static void
take_failure(const struct command *command, struct command_result *result)
{
	struct failure failure;

	if (read(command->report, &failure, sizeof(failure)) !=
		sizeof(failure) ||
	    failure.step >= NSTEPS)
		return;
	result->failed = steps[failure.step].name;
	result->error = failure.error;
}

static void
finish(struct command *command)
{
	struct command_result result = { .status = command->status };

	lines_end(&command->lines);
	take_failure(command, &result);
	/* It may have ended by itself just before it was killed. */
	result.timed_out = command->timed_out && WIFSIGNALED(command->status);
	result.last_line = lines_last(&command->lines);
	command->done(&result, command->arg);
	command_free(command);
}

/* A relay ends behind its last word, or is waited for no longer. */
static void
await_relay(struct command *command)
{
	const struct timeval patience = clock_interval(RELAY_MS);

	if (!event_pending(command->readable, EV_READ, NULL) ||
	    evtimer_add(command->deadline, &patience) == -1)
		finish(command);
}

/*
 * What it wrote is in the pipe by now, and no more than a pipe holds: a
 * descendant that goes on writing must not keep us here.
 */
static void
on_end(pid_t pid, int status, void *arg)
{
	struct command *command = arg;
	ssize_t n, left;

	command->ended = true;
	command->status = status;
	if (command->relayed) {
		await_relay(command);
		return;
	}
	for (left = PIPE_SIZE; left > 0; left -= n)
		if ((n = read_output(command)) <= 0)
			break;
	finish(command);
}

/* The child.  -1 with errno. */
static pid_t
launch(const struct command_spec *spec, int output, int report)
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

static struct command *
command_new(struct event_base *base, int output, int report, const char *log_as)
{
	struct command *command;

	if ((command = calloc(1, sizeof(*command))) == NULL)
		return NULL;
	command->output = command->report = -1;
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
	command->report = report;
	return command;
}

/* A pipe that we read without waiting.  -1 with errno. */
static int
open_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	return -1;
}

/* The end to read from is *ends, the other one behind it.  -1 with errno. */
static int
open_output_of(const struct command_spec *spec, int ends[2])
{
	if (spec->account == NULL || !spec->account->change)
		return open_pipe(ends);
	ends[0] = relay_open(&ends[1]);
	return ends[0] != -1 ? 0 : -1;
}

struct command *
command_start(struct event_base *base, const struct command_spec *spec,
    command_done *done, void *arg)
{
	struct timeval timeout = clock_interval(spec->timeout_ms);
	int output[2] = { -1, -1 }, report[2] = { -1, -1 };
	struct command *command = NULL;

	if (open_output_of(spec, output) == -1 || open_pipe(report) == -1 ||
	    (command = command_new(base, output[0], report[0], spec->log_as)) ==
		NULL)
		goto out;
	output[0] = report[0] = -1;
	command->relayed = spec->account != NULL && spec->account->change;
	command->pid = launch(spec, output[1], report[1]);
	if (command->pid == -1) {
		command_free(command);
		command = NULL;
		goto out;
	}
	command->done = done;
	command->arg = arg;
	if (reaper_watch(command->pid, on_end, command) == -1 ||
	    event_add(command->readable, NULL) == -1 ||
	    event_add(command->deadline, &timeout) == -1) {
		command_cancel(command);
		command = NULL;
		errno = ENOMEM;
	}
out:
	fd_close(&output[0]);
	fd_close(&output[1]);
	fd_close(&report[0]);
	fd_close(&report[1]);
	return command;
}

void
command_cancel(struct command *command)
{
	kill_group(command);
	if (!command->ended)
		reaper_watch(command->pid, NULL, NULL);
	command_free(command);
}

void
command_describe(
    const struct command_result *result, char buf[static COMMAND_DESCRIBE])
{
	if (result->failed != NULL)
		snprintf(buf, COMMAND_DESCRIBE,
		    "cannot be started: cannot %s: %s", result->failed,
		    strerror(result->error));
	else if (result->timed_out)
		strlcpy(buf, "timed out", COMMAND_DESCRIBE);
	else
		reaper_describe(result->status, buf, COMMAND_DESCRIBE);
}
