/* SPDX-License-Identifier: ISC */
/*
 * One health check of one generation.  It turns a check into a command, and the
 * command's result into one line.  HTTP and TLS are in hotswap-probe.
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
#include "process/prober.h"

#define PROBER	"hotswap-probe"
#define WHY_MAX 1024

/* The prober keeps to its time itself and reports it: it gets more. */
#define GRACE_MS 250

struct probe {
	struct command *command;
	struct prober_check *asked;
	char *check;
	bool shell; /* the shell runs it: command, not asked */
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

/* sh(1) has two statuses for a command that it could not run. */
static void
describe(const struct probe *probe, const struct command_result *result,
    char buf[static COMMAND_DESCRIBE])
{
	int status =
	    WIFEXITED(result->status) ? WEXITSTATUS(result->status) : -1;

	if (result->failed == NULL && result->timed_out)
		snprintf(buf, COMMAND_DESCRIBE, "did not end within %u ms",
		    probe->timeout_ms);
	else if (result->failed == NULL && probe->shell && status == 127)
		snprintf(buf, COMMAND_DESCRIBE, "not found");
	else if (result->failed == NULL && probe->shell && status == 126)
		snprintf(buf, COMMAND_DESCRIBE, "cannot be executed");
	else
		command_describe(result, buf);
}

static void
on_done(const struct command_result *result, void *arg)
{
	struct probe *probe = arg;
	char what[COMMAND_DESCRIBE], why[WHY_MAX];
	const char *line = result->last_line;
	bool passed = result->status == 0, told = line[0] != '\0';

	describe(probe, result, what);
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

static int
start_shell(
    struct event_base *base, struct probe *probe, const struct probe_spec *spec)
{
	const char *const argv[] = { "/bin/sh", "-c", spec->shell, NULL };
	struct command_spec command = *spec->command;

	command.argv = argv;
	probe->command = command_start(base, &command, on_done, probe);
	return probe->command != NULL ? 0 : -1;
}

/* The sockets' paths are arguments, so the prober needs no directory. */
static int
start_prober(
    struct event_base *base, struct probe *probe, const struct probe_spec *spec)
{
	struct command_spec command = *spec->command;
	char timeout[16], warm[16], parallel[16];
	const char *argv[13];
	size_t n = 0;

	snprintf(timeout, sizeof(timeout), "%ums", probe->timeout_ms);
	argv[n++] = PROBER;
	argv[n++] = "--timeout";
	argv[n++] = timeout;
	if (spec->source != NULL) {
		argv[n++] = "--source";
		argv[n++] = spec->source;
	}
	if (spec->warm > 0) {
		snprintf(warm, sizeof(warm), "%u", spec->warm);
		snprintf(parallel, sizeof(parallel), "%u", spec->parallel);
		argv[n++] = "--warm";
		argv[n++] = warm;
		argv[n++] = "--parallel";
		argv[n++] = parallel;
	}
	if (spec->unix_path != NULL) {
		argv[n++] = "--unix-path";
		argv[n++] = spec->unix_path;
	}
	argv[n++] = probe->check;
	argv[n] = NULL;
	command.argv = argv;
	command.timeout_ms += GRACE_MS;
	probe->asked = prober_ask(base, &command, on_done, probe);
	return probe->asked != NULL ? 0 : -1;
}

struct probe *
probe_start(struct event_base *base, const struct probe_spec *spec,
    probe_done *done, void *arg)
{
	struct probe *probe;
	int saved;

	if ((probe = calloc(1, sizeof(*probe))) == NULL ||
	    (probe->check = strdup(spec->check)) == NULL) {
		free(probe);
		return NULL;
	}
	probe->shell = spec->shell != NULL;
	probe->timeout_ms = spec->command->timeout_ms;
	probe->done = done;
	probe->arg = arg;
	if ((probe->shell ? start_shell(base, probe, spec)
			  : start_prober(base, probe, spec)) == -1) {
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
	if (probe->shell)
		command_cancel(probe->command);
	else
		prober_cancel(probe->asked);
	probe_free(probe);
}
