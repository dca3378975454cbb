/* SPDX-License-Identifier: ISC */
/*
 * The commands: one row each drives dispatch, --help and the tests.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct arguments;

/* Options that are the command's own, not the service's; or-ed. */
enum command_flag {
	FLAG_NAME = 1 << 0,
	FLAG_JSON = 1 << 1,
	FLAG_TIMEOUT = 1 << 2,
	FLAG_NO_WAIT = 1 << 3,
	FLAG_TO = 1 << 4,
	FLAG_EXE = 1 << 5,
	FLAG_FOR = 1 << 6,
	FLAG_FOLLOW = 1 << 7,
	FLAG_NOW = 1 << 8,
	FLAG_HELP = 1 << 9,
	FLAG_WATCH = 1 << 10,
};

/*
 * Which options of the service it takes besides: none, those of an upgrade,
 * or all; a program must come with SCOPE_ALL, and may with SCOPE_LOOK.
 */
enum command_scope { SCOPE_NONE, SCOPE_UPGRADE, SCOPE_ALL, SCOPE_LOOK };

struct cli_command {
	const char *name;
	const char *usage;   /* what follows the name */
	const char *summary; /* one sentence, for --help */
	unsigned int flags;
	enum command_scope scope;
	const char *operand; /* one that must be given, behind NAME; NULL */
	bool takes_program;
	int (*run)(const struct arguments *); /* returns the exit status */
};

extern const struct cli_command command_table[];
extern const size_t command_count;

/* NULL if there is none. */
const struct cli_command *command_find(const char *name);

/* All of main: returns the exit status. */
int command_main(int argc, char **argv);

/* The functions of the rows. */
int cli_run(const struct arguments *);
int cli_start(const struct arguments *);
int cli_upgrade(const struct arguments *);
int cli_rollback(const struct arguments *);
int cli_restart(const struct arguments *);
int cli_promote(const struct arguments *);
int cli_abort(const struct arguments *);
int cli_split(const struct arguments *);
int cli_status(const struct arguments *);
int cli_list(const struct arguments *);
int cli_history(const struct arguments *);
int cli_events(const struct arguments *);
int cli_wait(const struct arguments *);
int cli_signal(const struct arguments *);
int cli_reexec(const struct arguments *);
int cli_stop(const struct arguments *);
int cli_doctor(const struct arguments *);
int cli_probe(const struct arguments *);
int cli_metrics(const struct arguments *);

#endif
