/* SPDX-License-Identifier: ISC */
/*
 * The commands' own flags, one row for each; and finding the row of an option
 * that was given, first among these flags, then among the service's options.
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include "cli/command.h"

struct flag {
	const char *name;
	const char *metavar; /* NULL: the flag takes no value */
	const char *help;
	bool (*set)(struct arguments *, const char *value); /* false: bad */
	const char *expected;				    /* what set takes */
	enum command_flag bit;
	char letter; /* 0: the flag has no letter */
};

extern const struct flag flag_table[];
extern const size_t flag_count;

/* One option as it was given; exactly one of row and flag is set. */
struct token {
	const struct option_row *row;
	const struct flag *flag;
	const char *value; /* NULL: the option takes no value */
};

/* Whether the command takes this option of the service. */
bool command_takes(const struct cli_command *, const struct option_row *);

/*
 * Find the row that the command takes by a name of this length, or by its
 * letter if name is NULL, and set it in the token.
 */
bool flag_find(const struct cli_command *, const char *name, size_t length,
    char letter, struct token *);

/* Tell that --NAME or --NAME=VALUE is unknown, and which name is similar. */
int flag_tell_unknown(const struct cli_command *, const char *given);

#endif
