/* SPDX-License-Identifier: ISC */
/*
 * The commands: one row for each drives dispatch, --help and the tests.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

extern const struct cli_command command_table[];
extern const size_t command_count;

#define COMMAND_FLEET "fleet"
#define COMMAND_FLEET_SUMMARY \
	"Roll a release out over many hosts: `hotswap fleet --help`."
/* Tells hotswap-fleet to complete the words that follow. */
#define COMMAND_FLEET_COMPLETE "--complete"

/* NULL if there is none of this name; `fleet` is none of the table. */
const struct cli_command *command_find(const char *name);

/*
 * Become hotswap-fleet: the fleet's commands are another program, with
 * libraries of its own.  Sets argv[0]; returns the exit status if that fails.
 */
int command_fleet(char **argv);

/* The whole of main: returns the exit status. */
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
int cli_report(const struct arguments *);
int cli_events(const struct arguments *);
int cli_wait(const struct arguments *);
int cli_signal(const struct arguments *);
int cli_reexec(const struct arguments *);
int cli_stop(const struct arguments *);
int cli_doctor(const struct arguments *);
int cli_probe(const struct arguments *);
int cli_complete(const struct arguments *);
int cli_metrics(const struct arguments *);
int cli_exporter(const struct arguments *);

#endif
