/* SPDX-License-Identifier: ISC */
/*
 * One health check of one generation: turns a check into a command, and what
 * became of the command into one line.  No HTTP or TLS here: that is what
 * hotswap-probe is for.
 */
#include "process/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/command.h"
#include "process/parts.h"
#include "process/reaper.h"

#define EXEC	"exec:"
#define PROBER	"hotswap-probe"
#define WHY_MAX 1024

/* The prober keeps to its time itself and says so: it is given this longer. */
#define GRACE_MS 250

struct probe {
	struct command *command;
	char *check;
	bool shell; /* exec: */
	unsigned int timeout_ms;
	probe_done *done;
	void *arg;
};

static void
probe_free(struct probe *probe)
{
	free(probe->check);
	free(probe);
}

/* sh(1) has two statuses for what it could not run at all. */
static void
describe(const struct probe *probe, const struct command_result *result,
    char *buf, size_t size)
{
	int status =
	    WIFEXITED(result->status) ? WEXITSTATUS(result->status) : -1;

	if (result->timed_out)
		snprintf(
		    buf, size, "did not end within %u ms", probe->timeout_ms);
	else if (probe->shell && status == 127)
		snprintf(buf, size, "not found");
	else if (probe->shell && status == 126)
		snprintf(buf, size, "cannot be executed");
	else
		reaper_describe(result->status, buf, size);
}

static void
on_done(const struct command_result *result, void *arg)
{
	struct probe *probe = arg;
	char what[REAPER_DESCRIBE], why[WHY_MAX];
	const char *line = result->last_line;
	bool passed = result->status == 0, told = line[0] != '\0';

	describe(probe, result, what, sizeof(what));
	if (passed)
		snprintf(why, sizeof(why), "%s", told ? line : what);
	else if (!probe->shell && WIFEXITED(result->status) && told)
		snprintf(why, sizeof(why), "%s", line);
	else
		snprintf(why, sizeof(why), "%s: %s%s%s%s", probe->check,
		    probe->shell ? "" : PROBER " ", what, told ? ": " : "",
		    line);
	probe->done(passed, why, probe->arg);
	probe_free(probe);
}

static struct command *
start_shell(struct event_base *base, struct probe *probe, char *const *env)
{
	const char *argv[] = { "/bin/sh", "-c", probe->check + strlen(EXEC),
		NULL };

	return command_start(
	    base, argv, env, NULL, probe->timeout_ms, NULL, on_done, probe);
}

static struct command *
start_prober(struct event_base *base, struct probe *probe, const char *source,
    const char *unix_path)
{
	char timeout[16];
	const char *argv[9];
	size_t n = 0;

	snprintf(timeout, sizeof(timeout), "%ums", probe->timeout_ms);
	argv[n++] = parts_path(PART_PROBER);
	argv[n++] = "--timeout";
	argv[n++] = timeout;
	if (source != NULL) {
		argv[n++] = "--source";
		argv[n++] = source;
	}
	if (unix_path != NULL) {
		argv[n++] = "--unix-path";
		argv[n++] = unix_path;
	}
	argv[n++] = probe->check;
	argv[n] = NULL;
	return command_start(base, argv, NULL, NULL,
	    probe->timeout_ms + GRACE_MS, NULL, on_done, probe);
}

struct probe *
probe_start(struct event_base *base, const char *check, const char *source,
    const char *unix_path, char *const *env, unsigned int timeout_ms,
    probe_done *done, void *arg)
{
	struct probe *probe;
	int saved;

	if ((probe = calloc(1, sizeof(*probe))) == NULL ||
	    (probe->check = strdup(check)) == NULL) {
		free(probe);
		return NULL;
	}
	probe->shell = strncmp(check, EXEC, strlen(EXEC)) == 0;
	probe->timeout_ms = timeout_ms;
	probe->done = done;
	probe->arg = arg;
	probe->command = probe->shell
	    ? start_shell(base, probe, env)
	    : start_prober(base, probe, source, unix_path);
	if (probe->command == NULL) {
		saved = errno;
		probe_free(probe);
		errno = saved;
		return NULL;
	}
	return probe;
}

void
probe_cancel(struct probe *probe)
{
	command_cancel(probe->command);
	probe_free(probe);
}
