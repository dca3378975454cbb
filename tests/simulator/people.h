/* SPDX-License-Identifier: ISC */
/*
 * Who uses the service: clients that connect, and operators that give commands
 * and wait for what comes of them.
 */
#ifndef SIMULATOR_PEOPLE_H
#define SIMULATOR_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#define COMMANDS 16

#define PORT_FIRST 8080
#define PORTS	   2

enum said { UNSAID, REPLIED, REFUSED, FAILED };

struct command_model {
	char method[16];
	char id[24];
	int version;	 /* of an upgrade; -1: none is named */
	int percent;	 /* of a split */
	bool canary;	 /* of an upgrade */
	bool given;	 /* by the operator */
	bool sent;	 /* to the supervisor that lives now */
	enum said reply; /* is on its way */
	enum said said;
	char result[16]; /* of the outcome; "": none */
	unsigned int from, to, serves;
	char reason[160];
};

struct people {
	struct command_model commands[COMMANDS];
	int ncommands;
	int next;	     /* command to be given */
	bool closing;	     /* clients have gone home */
	bool disturbed;	     /* a fault that a rollout may fail by */
	int64_t promoted_us; /* when the last rollout ended */
};

/* PEOPLE (people.c) */
void people_begin(void);

/* The service serves for the first time: people come. */
void people_come(void);

/* The supervisor has died: who had a call under way makes it again. */
void people_hang_up(void);

/* CALLS (calls.c): does somebody wait at the control socket? */
bool people_wait(void);

#endif
