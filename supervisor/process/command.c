/* SPDX-License-Identifier: ISC */
/*
 * A helper command: its output is read, its time is limited, and the reaper
 * reports its end.
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
#include "process/account.h"
#include "process/command_child.h"
#include "process/lines.h"
#include "process/reaper.h"
#include "process/relay.h"

#define PIPE_SIZE 65536 /* what fits into a pipe, pipe(7) */
#define RELAY_MS  200	/* time for a relay to pass on the rest */

struct command {
	pid_t pid;
	int output;
	int report; /* the step that failed comes here */
	bool timed_out;
	bool relayed; /* its output comes through process/relay.h */
	bool ended;   /* and has been reaped */
	int status;   /* how it ended */
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
	fd_close(&command->report);
	free(command->log_as);
	free(command);
	errno = saved;
}

/* The leader is not reaped yet, so no other group can have its number. */
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

/* Returns as read(2); 0 and -1 mean that nothing more can be read for now. */
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

static void
finish(struct command *command)
{
	struct command_result result = { .status = command->status };

	lines_end(&command->lines);
	command_failure(command->report, &result);
	/* It may have ended by itself just before the kill. */
	result.timed_out = command->timed_out && WIFSIGNALED(command->status);
	result.last_line = lines_last(&command->lines);
	command->done(&result, command->arg);
	command_free(command);
}

/* The relay ends after the last bytes, or the time for it runs out. */
static void
await_relay(struct command *command)
{
	const struct timeval patience = clock_interval(RELAY_MS);

	if (!event_pending(command->readable, EV_READ, NULL) ||
	    evtimer_add(command->deadline, &patience) == -1)
		finish(command);
}

/*
 * All that the command wrote is in the pipe by now, and no more than fits into
 * a pipe: a descendant that goes on writing must not keep us here.
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

/* A pipe whose reading end does not block.  -1 with errno. */
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

/* Open ends[0] for reading and ends[1] for writing.  -1 with errno. */
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
	command->pid = command_launch(spec, output[1], report[1]);
	if (command->pid == -1) {
		command_free(command);
		command = NULL;
		goto out;
	}
	command->done = done;
	command->arg = arg;
	if (reaper_watch(command->pid, on_end, command) == -1 ||
	    event_add(command->readable, NULL) == -1 ||
	    (spec->timeout_ms != 0 &&
		event_add(command->deadline, &timeout) == -1)) {
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
