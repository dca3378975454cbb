/* SPDX-License-Identifier: ISC */
/*
 * The commands of `hotswap fleet`: one row for each drives dispatch, --help and
 * the tests.
 */
#ifndef FLEET_COMMAND_H
#define FLEET_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/agent.h"
#include "fleet/records.h"

#define OPERANDS_MAX 2

/* Options of a command; or-ed in its row. */
enum fleet_option {
	TAKES_JSON = 1 << 0,
	TAKES_ROLLOUT = 1 << 1, /* how a rollout goes */
	TAKES_TIMEOUT = 1 << 2,
	TAKES_AGENT = 1 << 3,
	TAKES_NO_WAIT = 1 << 4,
	TAKES_OUTPUT = 1 << 5, /* and a number of a rollout, behind all */
};

/* Strings are borrowed from argv. */
struct fleet_arguments {
	const struct fleet_command *command;
	const char *service;
	const char *operands[OPERANDS_MAX];
	char *const *program; /* behind `--`, NULL-terminated; NULL: none */
	bool help;
	bool json;
	bool no_wait;
	int64_t timeout_ms; /* -1: none */
	int64_t number;	    /* of a rollout; 0: not given */
	const char *output; /* NULL: no file is named */
	struct rollout rollout;
	struct agent_options agent;
};

struct conf;
struct store;

struct fleet_command {
	const char *name;
	const char *usage; /* what follows the name */
	const char *summary;
	unsigned int options;
	size_t operands; /* behind SERVICE */
	bool takes_program;
	int (*run)(struct fleet_arguments *, const struct conf *,
	    struct store *); /* returns the exit status */
};

extern const struct fleet_command fleet_commands[];
extern const size_t fleet_command_count;

/* Read the words behind the command.  An exit status, after telling. */
int fleet_arguments_parse(
    struct fleet_arguments *, const struct fleet_command *, char **argv);

/* Print the options of the command, as --help does. */
void fleet_arguments_help(const struct fleet_command *);

/* Print what may stand in the place of the last word behind the command. */
void fleet_arguments_complete(const struct fleet_command *, char *const *argv);

/* The functions of the rows. */
int fleet_agent(struct fleet_arguments *, const struct conf *, struct store *);
int fleet_upgrade(
    struct fleet_arguments *, const struct conf *, struct store *);
int fleet_rollback(
    struct fleet_arguments *, const struct conf *, struct store *);
int fleet_resume(struct fleet_arguments *, const struct conf *, struct store *);
int fleet_stop(struct fleet_arguments *, const struct conf *, struct store *);
int fleet_status(struct fleet_arguments *, const struct conf *, struct store *);
int fleet_history(
    struct fleet_arguments *, const struct conf *, struct store *);
int fleet_report(struct fleet_arguments *, const struct conf *, struct store *);
int fleet_forget(struct fleet_arguments *, const struct conf *, struct store *);
int fleet_weight(struct fleet_arguments *, const struct conf *, struct store *);
int fleet_direct(struct fleet_arguments *, const struct conf *, struct store *);

#endif
