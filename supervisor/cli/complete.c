/* SPDX-License-Identifier: ISC */
/*
 * complete: what a shell may offer for the last word of a command line, by the
 * tables of commands and options.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/candidates.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/flags.h"
#include "cli/tell.h"

static void
say_commands(const char *typed)
{
	const struct place place = { typed, NULL, "" };
	size_t i;

	for (i = 0; i < command_count; i++)
		candidate(
		    &place, command_table[i].name, command_table[i].summary);
	candidate(&place, COMMAND_FLEET, COMMAND_FLEET_SUMMARY);
	candidate(&place, "--help", "print this help");
	candidate(&place, "--version", "print the version");
}

static int
say_words(const struct cli_command *command, char *const *argv)
{
	const struct option_row *row = option_table;
	const struct flag *flag = flag_table;
	struct completion all = { .usage = command->usage };

	all.options = calloc(flag_count + option_count, sizeof(*all.options));
	if (all.options == NULL)
		return tell(STATUS_SOFTWARE, "out of memory");
	for (; flag < flag_table + flag_count; flag++)
		if ((command->flags | FLAG_HELP) & flag->bit)
			all.options[all.count++] =
			    (struct completion_option){ flag->name,
				    flag->metavar, flag->help, NULL,
				    flag->letter };
	for (; row < option_table + option_count; row++)
		if (command_takes(command, row))
			all.options[all.count++] = (struct completion_option){
				row->name, row->metavar, row->help,
				row->kind == OPTION_WORDS ? row->words : NULL,
				row->letter
			};
	completion_print(&all, argv);
	free(all.options);
	return STATUS_OK;
}

/* The fleet's commands are in the tables of its own program. */
static int
say_fleet(char *const *words)
{
	size_t n = 0;
	char **argv;
	int status;

	while (words[n] != NULL)
		n++;
	/* Two words before them, and the NULL behind. */
	if ((argv = calloc(n + 3, sizeof(*argv))) == NULL)
		return tell(STATUS_SOFTWARE, "out of memory");
	argv[1] = (char *)COMMAND_FLEET_COMPLETE;
	memcpy(argv + 2, words, n * sizeof(*argv));
	status = command_fleet(argv);
	free(argv);
	return status;
}

int
cli_complete(const struct arguments *arguments)
{
	char *const *words = arguments->program;
	const struct cli_command *command;

	if (words == NULL)
		return tell(STATUS_USAGE,
		    "no word is given: hotswap complete "
		    "-- WORD...");
	if (words[1] == NULL) {
		say_commands(words[0]);
		return STATUS_OK;
	}
	if (strcmp(words[0], COMMAND_FLEET) == 0)
		return say_fleet(words + 1);
	if ((command = command_find(words[0])) == NULL)
		return STATUS_OK;
	return say_words(command, words + 1);
}
