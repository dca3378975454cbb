/* SPDX-License-Identifier: ISC */
/*
 * The command line: one row for each option.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "cli/completion.h"
#include "cli/render.h"
#include "cli/tell.h"
#include "config/nearest.h"
#include "config/options.h"
#include "fleet/command.h"

#define INDENT 26

struct option_of {
	const char *name;
	const char *metavar; /* NULL: the option takes no value */
	const char *help;
	enum fleet_option of;
	/* value is NULL without metavar; false: expected is wanted. */
	bool (*set)(struct fleet_arguments *, const char *value);
	const char *expected;
};

static bool
read_number(const char *value, int64_t max, int64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoll(value, &end, 10);
	return isdigit((unsigned char)value[0]) && *end == '\0' && errno == 0 &&
	    *n <= max;
}

static bool
read_duration(const char *value, int64_t *ms)
{
	unsigned int n;

	if (options_duration(value, &n) == -1)
		return false;
	*ms = n;
	return true;
}

static bool
set_json(struct fleet_arguments *a, const char *value)
{
	a->json = true;
	return true;
}

static bool
set_no_wait(struct fleet_arguments *a, const char *value)
{
	a->no_wait = true;
	return true;
}

static bool
set_timeout(struct fleet_arguments *a, const char *value)
{
	return read_duration(value, &a->timeout_ms);
}

static bool
set_first(struct fleet_arguments *a, const char *value)
{
	return read_number(value, 100000, &a->rollout.first);
}

static bool
set_soak(struct fleet_arguments *a, const char *value)
{
	return read_duration(value, &a->rollout.soak_ms);
}

static bool
set_at_once(struct fleet_arguments *a, const char *value)
{
	char text[16];
	size_t n = strlcpy(text, value, sizeof(text));

	a->rollout.percent = n > 0 && n < sizeof(text) && text[n - 1] == '%';
	if (a->rollout.percent)
		text[n - 1] = '\0';
	return n < sizeof(text) &&
	    read_number(
		text, a->rollout.percent ? 100 : 100000, &a->rollout.at_once) &&
	    a->rollout.at_once > 0;
}

static bool
set_failures(struct fleet_arguments *a, const char *value)
{
	return read_number(value, 100000, &a->rollout.failures);
}

static bool
set_absent(struct fleet_arguments *a, const char *value)
{
	return read_number(value, 100000, &a->rollout.absent);
}

static bool
set_lost(struct fleet_arguments *a, const char *value)
{
	return read_duration(value, &a->rollout.lost_ms);
}

static bool
set_sha256(struct fleet_arguments *a, const char *value)
{
	return strspn(value, "0123456789abcdefABCDEF") == 64 &&
	    strlcpy(a->rollout.sha256, value, sizeof(a->rollout.sha256)) == 64;
}

static bool
set_output(struct fleet_arguments *a, const char *value)
{
	a->output = value;
	return value[0] != '\0';
}

static bool
set_exe(struct fleet_arguments *a, const char *value)
{
	a->agent.exe = value;
	return value[0] == '/' && strstr(value, "{release}") != NULL;
}

static bool
set_fetch(struct fleet_arguments *a, const char *value)
{
	a->agent.fetch = value;
	return value[0] != '\0';
}

static bool
set_link(struct fleet_arguments *a, const char *value)
{
	a->agent.link = value;
	return value[0] == '/';
}

static bool
set_release(struct fleet_arguments *a, const char *value)
{
	a->agent.release = value;
	return names_is_valid(value);
}

static bool
set_address(struct fleet_arguments *a, const char *value)
{
	a->agent.address = value;
	return value[0] != '\0' && records_is_address(value);
}

static const struct option_of rows[] = {
	{ "first", "N", "hosts that go alone before all others (default: 1)",
	    TAKES_ROLLOUT, set_first, "a number of hosts" },
	{ "soak", "TIME",
	    "time from their end to the beginning of the others (default: 0)",
	    TAKES_ROLLOUT, set_soak, "a time, as 10m" },
	{ "at-once", "N|P%", "hosts at work at the same time (default: 10%)",
	    TAKES_ROLLOUT, set_at_once, "a number of hosts, or percent" },
	{ "failures", "N",
	    "hosts that may fail before the rollout is halted (default: 0)",
	    TAKES_ROLLOUT, set_failures, "a number of hosts" },
	{ "absent", "N", "hosts that may be absent from a success (default: 0)",
	    TAKES_ROLLOUT, set_absent, "a number of hosts" },
	{ "lost", "TIME",
	    "until a host whose agent does not answer counts as lost "
	    "(default: 2m)",
	    TAKES_ROLLOUT, set_lost, "a time, as 2m" },
	{ "sha256", "HASH", "of the program, which each host compares",
	    TAKES_ROLLOUT, set_sha256, "64 hexadecimal digits" },
	{ "timeout", "TIME", "wait no longer; the rollout stays as it is then",
	    TAKES_TIMEOUT, set_timeout, "a time, as 30m" },
	{ "no-wait", NULL,
	    "only note the rollout: `hotswap fleet resume` drives it",
	    TAKES_NO_WAIT, set_no_wait, NULL },
	{ "json", NULL, "print JSON", TAKES_JSON, set_json, NULL },
	{ "output", "FILE",
	    "-o FILE: write to this file, whole or not at all; -: to standard "
	    "output",
	    TAKES_OUTPUT, set_output, "a file" },
	{ "exe", "PATH", "the program of a release; has {release} in it",
	    TAKES_AGENT, set_exe, "an absolute path with {release} in it" },
	{ "fetch", "COMMAND",
	    "shell command that brings a release; {release} is its name",
	    TAKES_AGENT, set_fetch, "a command" },
	{ "link", "PATH", "symbolic link that leads to the release that serves",
	    TAKES_AGENT, set_link, "an absolute path" },
	{ "release", "NAME",
	    "that serves at first (default: what the link leads to)",
	    TAKES_AGENT, set_release, "the name of a release" },
	{ "address", "HOST:PORT", "of the service, for balancers", TAKES_AGENT,
	    set_address, "an address" },
	{ "help", NULL, "show this", 0, NULL, NULL },
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

static bool
is_taken(const struct fleet_command *command, const struct option_of *row)
{
	return row->of == 0 || (command->options & row->of) != 0;
}

static int
tell_unknown(const struct fleet_command *command, const char *name)
{
	struct nearest nearest;
	size_t i;

	nearest_init(&nearest, name);
	for (i = 0; i < NROWS; i++)
		if (is_taken(command, &rows[i]))
			nearest_try(&nearest, rows[i].name);
	if (nearest.best != NULL)
		return tell(STATUS_USAGE,
		    "fleet %s: unknown option --%s; is --%s meant?",
		    command->name, name, nearest.best);
	return tell(STATUS_USAGE,
	    "fleet %s: unknown option --%s (--help lists them)", command->name,
	    name);
}

/* word is --NAME or --NAME=VALUE; the value may be the next word. */
static int
take_option(struct fleet_arguments *a, const char *word, char ***argv)
{
	const char *equals = strchr(word, '='), *value = NULL;
	char name[32];
	size_t i;

	snprintf(name, sizeof(name), "%.*s",
	    equals != NULL ? (int)(equals - word - 2) : (int)sizeof(name),
	    word + 2);
	for (i = 0; i < NROWS; i++)
		if (strcmp(rows[i].name, name) == 0 &&
		    is_taken(a->command, &rows[i]))
			break;
	if (i == NROWS)
		return tell_unknown(a->command, name);
	if (rows[i].metavar == NULL && equals != NULL)
		return tell(STATUS_USAGE, "fleet %s: --%s takes no value",
		    a->command->name, name);
	if (rows[i].set == NULL) {
		a->help = true;
		return STATUS_OK;
	}
	if (rows[i].metavar != NULL) {
		value = equals != NULL ? equals + 1 : *(*argv)++;
		if (value == NULL)
			return tell(STATUS_USAGE,
			    "fleet %s: --%s %s: the value is missing",
			    a->command->name, name, rows[i].metavar);
	}
	if (rows[i].set(a, value))
		return STATUS_OK;
	return tell(STATUS_USAGE, "fleet %s: --%s %s: must be %s",
	    a->command->name, name, value, rows[i].expected);
}

static int
take_operand(struct fleet_arguments *a, const char *word, size_t *n)
{
	if (*n == a->command->operands + 1 &&
	    (a->command->options & TAKES_OUTPUT) != 0 && a->number == 0) {
		if (read_number(word, INT64_MAX, &a->number) && a->number > 0)
			return STATUS_OK;
		return tell(STATUS_USAGE,
		    "fleet %s: \"%s\" is no number of a rollout (hotswap "
		    "fleet history shows them)",
		    a->command->name, word);
	}
	if (*n > a->command->operands)
		return tell(STATUS_USAGE,
		    "fleet %s: \"%s\" is one word too many (usage: hotswap "
		    "fleet %s %s)",
		    a->command->name, word, a->command->name,
		    a->command->usage);
	if (*n == 0)
		a->service = word;
	else
		a->operands[*n - 1] = word;
	++*n;
	return STATUS_OK;
}

/* Is all there that must be? */
static int
check(const struct fleet_arguments *a, size_t n)
{
	const struct fleet_command *command = a->command;

	if (n <= command->operands ||
	    (command->takes_program && a->program == NULL))
		return tell(STATUS_USAGE,
		    "fleet %s: an argument is missing (usage: hotswap fleet "
		    "%s %s)",
		    command->name, command->name, command->usage);
	if (!names_is_valid(a->service))
		return tell(STATUS_USAGE,
		    "fleet %s: \"%s\" is no name of a service", command->name,
		    a->service);
	if ((command->options & TAKES_AGENT) != 0 && a->agent.exe == NULL)
		return tell(STATUS_USAGE,
		    "fleet agent: --exe is missing: it says where the program "
		    "of a release is");
	return STATUS_OK;
}

int
fleet_arguments_parse(
    struct fleet_arguments *a, const struct fleet_command *command, char **argv)
{
	int status = STATUS_OK;
	const char *word;
	size_t n = 0;

	*a = (struct fleet_arguments){ .command = command, .timeout_ms = -1 };
	a->rollout.first = 1;
	a->rollout.at_once = 10;
	a->rollout.percent = true;
	a->rollout.lost_ms = 120000;
	while (status == STATUS_OK && (word = *argv) != NULL) {
		argv++;
		if (strcmp(word, "--") == 0 && command->takes_program) {
			a->program = *argv != NULL ? argv : NULL;
			break;
		}
		if (strcmp(word, "-h") == 0)
			a->help = true;
		else if (strcmp(word, "-o") == 0)
			status = take_option(a, "--output", &argv);
		else if (strncmp(word, "--", 2) == 0)
			status = take_option(a, word, &argv);
		else
			status = take_operand(a, word, &n);
	}
	if (status != STATUS_OK || a->help)
		return status;
	a->agent.service = a->service;
	return check(a, n);
}

void
fleet_arguments_help(const struct fleet_command *command)
{
	char left[64];
	size_t i;

	printf("usage: hotswap fleet %s %s\n\n", command->name, command->usage);
	render_wrap(stdout, command->summary, 0, RENDER_WIDTH);
	putchar('\n');
	for (i = 0; i < NROWS; i++) {
		if (!is_taken(command, &rows[i]))
			continue;
		snprintf(left, sizeof(left), "  --%s%s%s", rows[i].name,
		    rows[i].metavar != NULL ? " " : "",
		    rows[i].metavar != NULL ? rows[i].metavar : "");
		printf("%-*s", INDENT, left);
		render_wrap(stdout, rows[i].help, INDENT, RENDER_WIDTH);
	}
}

void
fleet_arguments_complete(const struct fleet_command *command, char *const *argv)
{
	struct completion_option options[NROWS];
	struct completion all = { command->usage, options, 0 };
	size_t i;

	for (i = 0; i < NROWS; i++)
		if (is_taken(command, &rows[i]))
			options[all.count++] =
			    (struct completion_option){ .name = rows[i].name,
				    .metavar = rows[i].metavar,
				    .help = rows[i].help };
	completion_print(&all, argv);
}
