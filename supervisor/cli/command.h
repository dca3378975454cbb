/* SPDX-License-Identifier: ISC */
/*
 * A command of the command line, and the arguments behind its name.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/options.h"

struct arguments;

/* Options of the command itself, not of the service; or-ed. */
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
	FLAG_ALL = 1 << 11,
	FLAG_LISTEN = 1 << 12,
	FLAG_OUTPUT = 1 << 13,
};

/*
 * Which options of the service the command takes as well: none, those that an
 * upgrade may have, or all.  With SCOPE_ALL a program must be given, with
 * SCOPE_LOOK it may be given.
 */
enum command_scope { SCOPE_NONE, SCOPE_UPGRADE, SCOPE_ALL, SCOPE_LOOK };

struct cli_command {
	const char *name;
	const char *usage;   /* what follows the name */
	const char *summary; /* one sentence, for --help */
	unsigned int flags;
	enum command_scope scope;
	/* Behind NAME, which must be given, unless it is in brackets; or NULL
	 */
	const char *operand;
	bool takes_program;
	int (*run)(const struct arguments *); /* returns the exit status */
};

#define LISTEN_MAX 16 /* addresses of --listen */

/* Strings are borrowed from argv unless a member's comment says otherwise. */
struct arguments {
	const struct cli_command *command;
	const char *name; /* NULL: the only service */
	bool help;
	bool json;
	bool no_wait;
	bool follow;
	bool watch;
	bool now;
	bool all;
	int64_t timeout_ms; /* -1: none */
	json_int_t to;	    /* 0: not given */
	const char *exe;
	const char *state; /* --for */
	const char *listen[LISTEN_MAX];
	size_t nlisten;
	const char *operand;	 /* NULL: none */
	const char *output;	 /* NULL: none was named */
	struct options *options; /* owned; SCOPE_ALL, SCOPE_LOOK */
	json_t *settings;	 /* owned; SCOPE_UPGRADE: those given */
	char *const *program;	 /* NULL-terminated; NULL: none given */
	char **config_program;	 /* owned; program may be this one */
};

#endif
