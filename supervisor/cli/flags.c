/* SPDX-License-Identifier: ISC */
/*
 * The commands' own flags, a row each, and looking a given one up: among
 * these, then among the options of the service.
 */
#include "cli/flags.h"

#include <stdlib.h>
#include <string.h>

#include "cli/tell.h"
#include "config/nearest.h"
#include "traffic/address.h"

static bool
set_name(struct arguments *arguments, const char *value)
{
	arguments->name = value;
	return true;
}

static bool
set_json(struct arguments *arguments, const char *value)
{
	return arguments->json = true;
}

static bool
set_timeout(struct arguments *arguments, const char *value)
{
	unsigned int ms;

	if (options_duration(value, &ms) == -1)
		return false;
	arguments->timeout_ms = ms;
	return true;
}

static bool
set_no_wait(struct arguments *arguments, const char *value)
{
	return arguments->no_wait = true;
}

static bool
set_to(struct arguments *arguments, const char *value)
{
	const char *why = NULL;

	arguments->to = strtonum(value, 1, INT32_MAX, &why);
	return why == NULL;
}

static bool
set_exe(struct arguments *arguments, const char *value)
{
	arguments->exe = value;
	return value[0] != '\0';
}

static bool
set_for(struct arguments *arguments, const char *value)
{
	arguments->state = value;
	return strcmp(value, "ready") == 0 || strcmp(value, "idle") == 0 ||
	    strcmp(value, "drained") == 0;
}

static bool
set_follow(struct arguments *arguments, const char *value)
{
	return arguments->follow = true;
}

static bool
set_watch(struct arguments *arguments, const char *value)
{
	return arguments->watch = true;
}

static bool
set_now(struct arguments *arguments, const char *value)
{
	return arguments->now = true;
}

static bool
set_all(struct arguments *arguments, const char *value)
{
	return arguments->all = true;
}

static bool
set_listen(struct arguments *arguments, const char *value)
{
	struct address address;
	const char *why;

	if (arguments->nlisten == LISTEN_MAX ||
	    address_parse(&address, value, &why) == -1 ||
	    address.type != SOCK_STREAM)
		return false;
	arguments->listen[arguments->nlisten++] = value;
	return true;
}

static bool
set_output(struct arguments *arguments, const char *value)
{
	arguments->output = value;
	return value[0] != '\0';
}

static bool
set_help(struct arguments *arguments, const char *value)
{
	return arguments->help = true;
}

/* clang-format off */
const struct flag flag_table[] = {
	{ .bit = FLAG_NAME, .name = "name", .letter = 'n', .metavar = "NAME",
	    .help = "the service's name; may be left out if only one service "
	    "runs",
	    .set = set_name },
	{ .bit = FLAG_TO, .name = "to", .metavar = "N",
	    .help = "back to the image of generation N",
	    .set = set_to, .expected = "a generation's number" },
	{ .bit = FLAG_EXE, .name = "exe", .metavar = "FILE",
	    .help = "use this program file, and keep the arguments",
	    .set = set_exe, .expected = "a file" },
	{ .bit = FLAG_FOR, .name = "for", .metavar = "ready|idle|drained",
	    .help = "ready: a generation serves; idle: no rollout is under way "
	    "either; drained: only the active generation is left",
	    .set = set_for, .expected = "one of ready, idle, drained" },
	{ .bit = FLAG_NO_WAIT, .name = "no-wait",
	    .help = "return once the rollout has begun", .set = set_no_wait },
	{ .bit = FLAG_TIMEOUT, .name = "timeout", .metavar = "T",
	    .help = "wait no longer than this (500ms, 10s, 5m); what the "
	    "command has begun goes on",
	    .set = set_timeout,
	    .expected = "a duration (500ms, 10s, 5m, 1h)" },
	{ .bit = FLAG_FOLLOW, .name = "follow", .letter = 'f',
	    .help = "go on with the events that are still to come",
	    .set = set_follow },
	{ .bit = FLAG_WATCH, .name = "watch",
	    .help = "keep the status up to date until q or Ctrl-C; to a pipe "
	    "or a file, print it each time something happens",
	    .set = set_watch },
	{ .bit = FLAG_NOW, .name = "now",
	    .help = "do not drain: SIGTERM at once, then SIGKILL",
	    .set = set_now },
	{ .bit = FLAG_LISTEN, .name = "listen", .letter = 'l',
	    .metavar = "ADDRESS",
	    .help = "8080, 127.0.0.1:8080, [::1]:8080, /run/x.sock, @abstract; "
	    "may be repeated",
	    .set = set_listen,
	    .expected = "an address of TCP or of a Unix socket" },
	{ .bit = FLAG_ALL, .name = "all",
	    .help = "of all services of this user", .set = set_all },
	{ .bit = FLAG_OUTPUT, .name = "output", .letter = 'o', .metavar = "FILE",
	    .help = "write to this file, whole or not at all; -: to standard "
	    "output",
	    .set = set_output, .expected = "a file" },
	{ .bit = FLAG_JSON, .name = "json", .help = "print JSON",
	    .set = set_json },
	{ .bit = FLAG_HELP, .name = "help", .letter = 'h',
	    .help = "print this help", .set = set_help },
};
/* clang-format on */
const size_t flag_count = sizeof(flag_table) / sizeof(flag_table[0]);

bool
command_takes(const struct cli_command *command, const struct option_row *row)
{
	return command->scope == SCOPE_ALL || command->scope == SCOPE_LOOK ||
	    (command->scope == SCOPE_UPGRADE && row->for_upgrade);
}

bool
flag_find(const struct cli_command *command, const char *name, size_t length,
    char letter, struct token *token)
{
	const struct option_row *row;
	const struct flag *flag;

#define MATCHES(r)                                               \
	(name != NULL ? strncmp((r)->name, name, length) == 0 && \
		    (r)->name[length] == '\0'                    \
		      : (r)->letter != 0 && (r)->letter == letter)
	for (flag = flag_table; flag < flag_table + flag_count; flag++)
		if (((command->flags | FLAG_HELP) & flag->bit) != 0 &&
		    MATCHES(flag)) {
			token->flag = flag;
			return true;
		}
	for (row = option_table; row < option_table + option_count; row++)
		if (command_takes(command, row) && MATCHES(row)) {
			token->row = row;
			return true;
		}
#undef MATCHES
	return false;
}

int
flag_tell_unknown(const struct cli_command *command, const char *given)
{
	char *name = strndup(given + 2, strcspn(given + 2, "="));
	struct nearest nearest;
	size_t i;

	if (name == NULL)
		return STATUS_SOFTWARE;
	nearest_init(&nearest, name);
	if (option_find(name) != NULL) {
		tell(STATUS_USAGE,
		    command->scope == SCOPE_UPGRADE
			? "--%s is settled when the service is started; an "
			  "upgrade cannot change it"
			: "--%s is not an option of hotswap %s",
		    name, command->name);
		goto out;
	}
	for (i = 0; i < flag_count; i++)
		if ((command->flags | FLAG_HELP) & flag_table[i].bit)
			nearest_try(&nearest, flag_table[i].name);
	for (i = 0; i < option_count; i++)
		if (command_takes(command, &option_table[i]))
			nearest_try(&nearest, option_table[i].name);
	if (nearest.best != NULL)
		tell(STATUS_USAGE, "unknown option --%s; is --%s meant?", name,
		    nearest.best);
	else
		tell(STATUS_USAGE,
		    "unknown option --%s (hotswap %s --help lists them)", name,
		    command->name);
out:
	free(name);
	return STATUS_USAGE;
}
