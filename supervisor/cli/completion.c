/* SPDX-License-Identifier: ISC */
/*
 * Completing the words of a command, by its options and its usage.
 */
#include "cli/completion.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/candidates.h"

/* What was read of the words so far. */
struct reading {
	const struct completion *command;
	const struct completion_option *open; /* waits for its value */
	const char *service;
	size_t operands;
	bool program; /* behind `--` */
};

static const struct completion_option *
find_option(const struct completion *command, const char *word)
{
	const struct completion_option *option = command->options;
	size_t length = strcspn(word, "=");

	for (; option < command->options + command->count; option++) {
		if (strncmp(word, "--", 2) == 0 &&
		    strlen(option->name) + 2 == length &&
		    strncmp(word + 2, option->name, length - 2) == 0)
			return option;
		if (word[1] != '-' && option->letter == word[1] &&
		    word[2] == '\0')
			return option;
	}
	return NULL;
}

static bool
is_name(const struct completion_option *option)
{
	return option != NULL && strcmp(option->name, "name") == 0;
}

static void
read_one(struct reading *reading, const char *word)
{
	const struct completion_option *option;

	if (reading->open != NULL) {
		if (is_name(reading->open))
			reading->service = word;
		reading->open = NULL;
	} else if (strcmp(word, "--") == 0) {
		reading->program = true;
	} else if (word[0] != '-') {
		if (reading->operands++ == 0)
			reading->service = word;
	} else {
		option = find_option(reading->command, word);
		if (option == NULL || option->metavar == NULL)
			return;
		if (strchr(word, '=') == NULL)
			reading->open = option;
		else if (is_name(option))
			reading->service = strchr(word, '=') + 1;
	}
}

static void
say_value(const struct place *place, const struct completion_option *option)
{
	if (option->list != NULL)
		candidates_of_list(place, option->list);
	else
		candidates_of_value(place, option->name, option->metavar);
}

static void
say_options(const struct place *place, const struct completion *command)
{
	const struct completion_option *option = command->options;
	char word[64];

	for (; option < command->options + command->count; option++) {
		snprintf(word, sizeof(word), "--%s", option->name);
		candidate(place, word, option->help);
	}
	if (strstr(command->usage, "-- ") != NULL)
		candidate(place, "--", "the program follows");
}

/*
 * The usage names the operands: `[NAME] SIGNAL`.  One in brackets may be left
 * out, and then the next one stands in its place, unless that is in the same
 * brackets: `[NAME [ROLLOUT]]`.
 */
static bool
say_operand(const struct place *place, const char *usage, size_t n)
{
	char word[32];
	size_t length;
	bool said = false;

	for (; *usage != '\0' && *usage != '-'; usage += length) {
		usage += strspn(usage, " ");
		length = strcspn(usage, " ");
		if (strncmp(usage, "[OPTIONS]", length) == 0 ||
		    strncmp(usage, "[--", 3) == 0)
			break;
		if (n > 0) {
			n--;
			continue;
		}
		snprintf(word, sizeof(word), "%.*s",
		    (int)strcspn(usage + (*usage == '['), "] "),
		    usage + (*usage == '['));
		candidates_of_value(place, NULL, word);
		said = true;
		if (*usage != '[' || usage[length - 1] != ']')
			break;
	}
	return said;
}

static void
say_last(const struct reading *reading, const char *word)
{
	struct place place = { word, reading->service, "" };
	const struct completion_option *option;
	const char *equals = strchr(word, '=');
	char before[64];

	if (reading->program) {
		puts(":program");
	} else if (reading->open != NULL) {
		say_value(&place, reading->open);
	} else if (word[0] == '-' && equals != NULL) {
		option = find_option(reading->command, word);
		if (option == NULL || option->metavar == NULL)
			return;
		snprintf(before, sizeof(before), "%.*s",
		    (int)(equals + 1 - word), word);
		place.before = before;
		place.typed = equals + 1;
		say_value(&place, option);
	} else if (word[0] == '-' ||
	    !say_operand(&place, reading->command->usage, reading->operands)) {
		say_options(&place, reading->command);
	}
}

void
completion_print(const struct completion *command, char *const *argv)
{
	struct reading reading = { .command = command };

	if (*argv == NULL)
		return;
	for (; argv[1] != NULL && !reading.program; argv++)
		read_one(&reading, *argv);
	say_last(&reading, *argv);
}
