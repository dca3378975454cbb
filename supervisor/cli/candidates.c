/* SPDX-License-Identifier: ISC */
/*
 * The candidates for a word of the command line.  A value's name in the usage
 * says which ones there are; each kind of them has a row.
 */
#include "cli/candidates.h"

#include <ctype.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/strings.h"
#include "cli/field.h"
#include "cli/services.h"
#include "cli/survey.h"

#define ANSWER_MS 500 /* somebody waits for the completion of a word */

void
candidate(const struct place *place, const char *word, const char *help)
{
	if (strncmp(word, place->typed, strlen(place->typed)) != 0)
		return;
	printf("%s%s\t%s\n", place->before, word, help != NULL ? help : "");
}

static void
say_files(const struct place *place)
{
	puts(":file");
}

static void
say_directories(const struct place *place)
{
	puts(":directory");
}

static void
say_users(const struct place *place)
{
	puts(":user");
}

static void
say_groups(const struct place *place)
{
	puts(":group");
}

static void
say_services(const struct place *place)
{
	char **names = services_names(), **name;

	for (name = names; name != NULL && *name != NULL; name++)
		candidate(place, *name, "service");
	strings_free(names);
}

static void
say_signals(const struct place *place)
{
	const char *name;
	int n;

	for (n = 1; n < SIGRTMIN; n++)
		if ((name = sigabbrev_np(n)) != NULL)
			candidate(place, name, strsignal(n));
}

static void
say_generations_of(const struct place *place, const char *name)
{
	json_t *status = survey_one(name, ANSWER_MS);
	const json_t *generation;
	char number[24];
	size_t i;

	json_array_foreach (field_list(status, "generations"), i, generation) {
		snprintf(number, sizeof(number), "%lld",
		    (long long)field_number(generation, "number"));
		candidate(place, number, field_string(generation, "role"));
	}
	json_decref(status);
}

/* Without a name they are those of the only service. */
static void
say_generations(const struct place *place)
{
	char **names;

	if (place->service != NULL) {
		say_generations_of(place, place->service);
		return;
	}
	names = services_names();
	if (names != NULL && names[0] != NULL && names[1] == NULL)
		say_generations_of(place, names[0]);
	strings_free(names);
}

static void
say_checks(const struct place *place)
{
	candidate(place, "http://", "a request by HTTP");
	candidate(place, "https://", "a request by HTTP over TLS");
	candidate(place, "tcp://", "a connection");
	candidate(place, "grpc://", "gRPC's health checking protocol");
	candidate(place, "unix:", "the same over a Unix socket");
	candidate(place, "exec:", "a command");
}

static void
say_events(const struct place *place)
{
	static const char *const events[] = { "started", "ready", "shifted",
		"promoted", "aborted", "rolled-back", "drained", "retired",
		"crashed" };
	char word[16];
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		snprintf(word, sizeof(word), "%s=", events[i]);
		candidate(place, word, NULL);
	}
}

static const struct kind {
	const char *metavar;
	const char *option; /* NULL: whosever value it is */
	void (*say)(const struct place *);
} kinds[] = {
	{ "FILE", NULL, say_files },
	{ "PATH", NULL, say_files },
	{ "DIRECTORY", NULL, say_directories },
	{ "USER", NULL, say_users },
	{ "GROUP", NULL, say_groups },
	{ "NAME", NULL, say_services },
	{ "SERVICE", NULL, say_services },
	{ "SIG", NULL, say_signals },
	{ "SIGNAL", NULL, say_signals },
	{ "N", "to", say_generations },
	{ "ROLLOUT", NULL, say_generations },
	{ "CHECK", NULL, say_checks },
	{ "URL", NULL, say_checks },
	{ "EVENT=[+]COMMAND", NULL, say_events },
};

/* `auto|exec:[+]COMMAND|T`: what is in lower case may be written so. */
static void
say_alternatives(const struct place *place, const char *metavar)
{
	size_t length, n;
	char word[64];

	for (; *metavar != '\0';
	     metavar += length + (metavar[length] != '\0')) {
		length = strcspn(metavar, "|");
		n = strcspn(metavar, "|[");
		if (!islower((unsigned char)metavar[0]) || n >= sizeof(word))
			continue;
		memcpy(word, metavar, n);
		word[n] = '\0';
		candidate(place, word, NULL);
	}
}

void
candidates_of_value(
    const struct place *place, const char *option, const char *metavar)
{
	const struct kind *kind = kinds;

	for (; kind < kinds + sizeof(kinds) / sizeof(kinds[0]); kind++)
		if (strcmp(kind->metavar, metavar) == 0 &&
		    (kind->option == NULL ||
			(option != NULL && strcmp(kind->option, option) == 0)))
			break;
	if (kind < kinds + sizeof(kinds) / sizeof(kinds[0]))
		kind->say(place);
	else
		say_alternatives(place, metavar);
}

void
candidates_of_list(const struct place *place, const char *const *words)
{
	const char *last = strrchr(place->typed, ',');
	char before[256];
	struct place part = *place;

	if (last != NULL) {
		snprintf(before, sizeof(before), "%s%.*s", place->before,
		    (int)(last + 1 - place->typed), place->typed);
		part.before = before;
		part.typed = last + 1;
	}
	for (; *words != NULL; words++)
		candidate(&part, *words, NULL);
}
