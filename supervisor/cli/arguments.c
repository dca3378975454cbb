/* SPDX-License-Identifier: ISC */
/*
 * The arguments behind a command's name.  They are read in three steps: argv
 * into tokens, which finds unknown options; the configuration file, wherever it
 * was named; then the tokens in their order, so that the command line wins.
 */
#include "cli/arguments.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "cli/flags.h"
#include "cli/tell.h"

struct reader {
	struct arguments *arguments;
	char **argv; /* the rest */
	struct token *tokens;
	size_t ntokens;
	const char *words[2]; /* operands */
	size_t nwords;
	struct options *options; /* borrowed, or scratch for an upgrade */
	bool *seen;		 /* by row: given on the command line */
};

/* Whether the option of a token takes a value. */
static bool
wants_value(const struct token *token)
{
	return token->flag != NULL ? token->flag->metavar != NULL
				   : token->row->kind != OPTION_FLAG;
}

static const char *
token_name(const struct token *token)
{
	return token->flag != NULL ? token->flag->name : token->row->name;
}

static int
read_option(struct reader *reader, struct token *token)
{
	const struct cli_command *command = reader->arguments->command;
	const char *text = *reader->argv++, *attached = NULL;

	if (text[1] == '-') {
		if (!flag_find(
			command, text + 2, strcspn(text + 2, "="), 0, token))
			return flag_tell_unknown(command, text);
		if ((attached = strchr(text, '=')) != NULL)
			attached++;
	} else {
		if (!flag_find(command, NULL, 0, text[1], token))
			return tell(STATUS_USAGE,
			    "unknown option %s (hotswap %s --help lists them)",
			    text, command->name);
		if (text[2] != '\0')
			attached = text + 2;
	}
	token->value = attached;
	if (wants_value(token) == (attached != NULL))
		return STATUS_OK;
	if (attached != NULL)
		return tell(STATUS_USAGE, "--%s takes no value (%s was given)",
		    token_name(token), text);
	if (*reader->argv == NULL || strcmp(*reader->argv, "--") == 0)
		return tell(
		    STATUS_USAGE, "--%s needs a value", token_name(token));
	token->value = *reader->argv++;
	return STATUS_OK;
}

static int
read_word(struct reader *reader)
{
	const struct cli_command *command = reader->arguments->command;
	const char *word = *reader->argv++;
	size_t most = (command->flags & FLAG_NAME) != 0;

	most += command->operand != NULL;
	if (reader->nwords < most) {
		reader->words[reader->nwords++] = word;
		return STATUS_OK;
	}
	if (command->takes_program)
		return tell(STATUS_USAGE,
		    "\"%s\" is not an option; if it is the program, put -- "
		    "before it: hotswap %s ... -- %s",
		    word, command->name, word);
	return tell(STATUS_USAGE,
	    "\"%s\" is one argument too many (hotswap %s %s)", word,
	    command->name, command->usage);
}

static int
read_tokens(struct reader *reader)
{
	int status = STATUS_OK;

	while (status == STATUS_OK && *reader->argv != NULL) {
		if (strcmp(*reader->argv, "--") == 0) {
			reader->arguments->program = reader->argv + 1;
			break;
		}
		if ((*reader->argv)[0] != '-' || (*reader->argv)[1] == '\0')
			status = read_word(reader);
		else
			status = read_option(
			    reader, &reader->tokens[reader->ntokens++]);
	}
	return status;
}

static int
load_config(struct reader *reader)
{
	struct arguments *arguments = reader->arguments;
	char why[OPTIONS_WHY];
	size_t i;

	for (i = 0; i < reader->ntokens; i++) {
		if (reader->tokens[i].row == NULL ||
		    strcmp(reader->tokens[i].row->name, "config") != 0)
			continue;
		if (arguments->config_program != NULL)
			return tell(STATUS_USAGE, "--config is given twice");
		if (options_load(reader->options, reader->tokens[i].value,
			&arguments->config_program, why, sizeof(why)) == -1)
			return tell(STATUS_CONFIG, "%s", why);
	}
	return STATUS_OK;
}

/* Note an option for the supervisor, which reads values as text too. */
static void
put_setting(json_t *settings, const struct token *token)
{
	const char *key = token->row->name;
	json_t *list = json_object_get(settings, key);

	if (token->row->kind == OPTION_FLAG)
		json_object_set_new(settings, key, json_true());
	else if (token->row->kind != OPTION_LIST)
		json_object_set_new(settings, key, json_string(token->value));
	else if (list != NULL)
		json_array_append_new(list, json_string(token->value));
	else
		json_object_set_new(
		    settings, key, json_pack("[s]", token->value));
}

static int
apply(struct reader *reader, const struct token *token)
{
	bool *seen;
	const char *value = token->value;
	char why[OPTIONS_WHY];

	if (token->flag != NULL) {
		if (token->flag->set(reader->arguments, value))
			return STATUS_OK;
		return tell(STATUS_USAGE, "--%s: \"%s\": not %s",
		    token->flag->name, value, token->flag->expected);
	}
	if (token->row->kind == OPTION_FLAG)
		value = "true";
	/* A list on the command line replaces the list in the file. */
	seen = &reader->seen[token->row - option_table];
	if (token->row->kind == OPTION_LIST && !*seen)
		option_set(reader->options, token->row, NULL, why, sizeof(why));
	*seen = true;
	if (option_set(reader->options, token->row, value, why, sizeof(why)) ==
	    -1)
		return tell(STATUS_USAGE, "--%s", why);
	if (reader->arguments->settings != NULL)
		put_setting(reader->arguments->settings, token);
	return STATUS_OK;
}

/* [NAME] comes before the operand and may be left out. */
static int
assign_words(struct reader *reader)
{
	struct arguments *arguments = reader->arguments;
	const struct cli_command *command = arguments->command;
	size_t n = reader->nwords;

	if (command->operand != NULL && command->operand[0] == '[') {
		/* One that may be left out stands behind a name. */
		if (n == 2 || (n == 1 && arguments->name != NULL))
			arguments->operand = reader->words[--n];
	} else if (command->operand != NULL) {
		if (n == 0)
			return tell(STATUS_USAGE,
			    "%s is missing: hotswap %s %s", command->operand,
			    command->name, command->usage);
		arguments->operand = reader->words[--n];
	}
	if (n == 0)
		return STATUS_OK;
	if (arguments->name != NULL &&
	    strcmp(arguments->name, reader->words[0]) != 0)
		return tell(STATUS_USAGE,
		    "two services are named: \"%s\" and, with --name, \"%s\"",
		    reader->words[0], arguments->name);
	arguments->name = reader->words[0];
	return STATUS_OK;
}

/* Find the program, and the name that the service has by default. */
static int
settle_service(struct reader *reader)
{
	struct arguments *arguments = reader->arguments;
	char why[OPTIONS_WHY], *path, *base;
	int r;

	if (arguments->program == NULL)
		arguments->program = arguments->config_program;
	if (arguments->command->scope == SCOPE_LOOK)
		return STATUS_OK;
	if (arguments->program == NULL || arguments->program[0] == NULL)
		return tell(STATUS_USAGE,
		    "no program is given: hotswap %s [OPTIONS] -- PROGRAM "
		    "[ARG...]",
		    arguments->command->name);
	if (reader->options->name != NULL)
		return STATUS_OK;
	if ((path = strdup(arguments->program[0])) == NULL)
		return tell(STATUS_SOFTWARE, "out of memory");
	base = basename(path);
	r = option_set(
	    reader->options, option_find("name"), base, why, sizeof(why));
	free(path);
	if (r == -1)
		return tell(STATUS_USAGE,
		    "the program's name cannot be the service's name: %s; name "
		    "the service with --name",
		    why);
	return STATUS_OK;
}

/* All that is stored and told of a service is JSON, so a word must be UTF-8. */
static int
check_text(const char *word)
{
	json_t *string = word != NULL ? json_string(word) : json_null();

	json_decref(string);
	if (string != NULL)
		return STATUS_OK;
	return tell(STATUS_USAGE,
	    "\"%s\" is not UTF-8, which hotswap needs for all arguments of a "
	    "program: run the program by a script that contains these bytes",
	    word);
}

static int
check_program(const struct arguments *arguments)
{
	char *const *word = arguments->program;
	int status = STATUS_OK;

	for (; status == STATUS_OK && word != NULL && *word != NULL; word++)
		status = check_text(*word);
	if (status != STATUS_OK)
		return status;
	if (arguments->program == NULL)
		return STATUS_OK;
	if (!arguments->command->takes_program)
		return tell(STATUS_USAGE, "hotswap %s takes no program",
		    arguments->command->name);
	if (arguments->program[0] == NULL)
		return tell(STATUS_USAGE, "no program is given after the --");
	return STATUS_OK;
}

static int
read_all(struct reader *reader)
{
	struct arguments *arguments = reader->arguments;
	int status;
	size_t i;

	if ((status = read_tokens(reader)) != STATUS_OK)
		return status;
	for (i = 0; i < reader->ntokens; i++)
		if (reader->tokens[i].flag != NULL &&
		    reader->tokens[i].flag->bit == FLAG_HELP) {
			arguments->help = true;
			return STATUS_OK;
		}
	if ((status = check_program(arguments)) != STATUS_OK ||
	    (status = load_config(reader)) != STATUS_OK)
		return status;
	for (i = 0; i < reader->ntokens; i++)
		if ((status = apply(reader, &reader->tokens[i])) != STATUS_OK)
			return status;
	if ((status = assign_words(reader)) != STATUS_OK ||
	    (status = check_text(arguments->exe)) != STATUS_OK)
		return status;
	if (arguments->command->scope == SCOPE_ALL ||
	    arguments->command->scope == SCOPE_LOOK)
		status = settle_service(reader);
	return status;
}

int
arguments_parse(
    struct arguments *arguments, const struct cli_command *command, char **argv)
{
	struct reader reader = { .arguments = arguments, .argv = argv };
	size_t most = 0;
	int status;

	memset(arguments, 0, sizeof(*arguments));
	arguments->command = command;
	arguments->timeout_ms = -1;
	while (argv[most] != NULL)
		most++;
	reader.tokens = calloc(most + 1, sizeof(*reader.tokens));
	reader.options = options_new();
	reader.seen = calloc(option_count, sizeof(*reader.seen));
	if (command->scope == SCOPE_UPGRADE)
		arguments->settings = json_object();
	if (reader.tokens == NULL || reader.options == NULL ||
	    reader.seen == NULL)
		status = tell(STATUS_SOFTWARE, "out of memory");
	else
		status = read_all(&reader);
	if (command->scope == SCOPE_ALL || command->scope == SCOPE_LOOK)
		arguments->options = reader.options;
	else
		options_free(reader.options);
	free(reader.seen);
	free(reader.tokens);
	return status;
}

void
arguments_fini(struct arguments *arguments)
{
	char **word;

	options_free(arguments->options);
	json_decref(arguments->settings);
	for (word = arguments->config_program; word != NULL && *word != NULL;
	     word++)
		free(*word);
	free(arguments->config_program);
}
