/* SPDX-License-Identifier: ISC */
/*
 * The commands' own flags, a row each, and looking a given one up: among
 * these, then among the options of the service.
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include "cli/command.h"

struct flag {
	const char *name;
	const char *metavar; /* NULL: takes no value */
	const char *help;
	bool (*set)(struct arguments *, const char *value); /* false: bad */
	const char *expected;				    /* by set */
	enum command_flag bit;
	char letter; /* 0: none */
};

extern const struct flag flag_table[];
extern const size_t flag_count;

/* One option as given; exactly one of row and flag is set. */
struct token {
	const struct option_row *row;
	const struct flag *flag;
	const char *value; /* NULL: takes none */
};

/* Whether the command takes this option of the service. */
bool command_takes(const struct cli_command *, const struct option_row *);

/*
 * Find what the command takes by a name of this length, or by its letter
 * where name is NULL, and set it in the token.
 */
bool flag_find(const struct cli_command *, const char *name, size_t length,
    char letter, struct token *);

/* Tell that --NAME or --NAME=VALUE is unknown, and what is near to it. */
int flag_tell_unknown(const struct cli_command *, const char *given);

#endif
