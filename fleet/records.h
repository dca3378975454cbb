/* SPDX-License-Identifier: ISC */
/*
 * What the keys of a service's fleet hold, as JSON, hotswap-fleet(7):
 *
 *   rollout  the present or last rollout of the fleet: what, where to, state
 *   halt     why nothing more begins; and the hosts that have failed
 *   running  the hosts that have a slot
 *   hosts/H  what a host has, and how far it is in a rollout
 */
#ifndef FLEET_RECORDS_H
#define FLEET_RECORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "fleet/names.h"

#define RECORDS_TEXT  256 /* room for a reason or a person */
#define RECORDS_TOKEN 17

enum rollout_kind { KIND_UPGRADE, KIND_ROLLBACK };
enum fleet_state { FLEET_RUNNING, FLEET_DONE, FLEET_HALTED };

struct rollout {
	int64_t n;		   /* 1, 2, …; 0: there was none yet */
	int64_t attempt;	   /* 1, and one more with each resume */
	char token[RECORDS_TOKEN]; /* of this rollout, random */
	enum rollout_kind kind;
	char release[NAMES_MAX + 1];
	char sha256[65]; /* of the program, or "" */
	int64_t first;	 /* hosts that go alone before the others */
	int64_t soak_ms; /* from their end to the beginning of the others */
	int64_t at_once; /* hosts, or percent of them */
	bool percent;
	int64_t failures; /* that are borne */
	int64_t absent;	  /* hosts that may be */
	int64_t lost_ms;  /* until a host that is away counts as lost */
	enum fleet_state state;
	char by[RECORDS_TEXT]; /* who began it */
	char started[CLOCK_STAMP];
};

struct halt {
	int64_t n; /* of the rollout */
	bool set;
	char by[RECORDS_TEXT];
	char why[RECORDS_TEXT];
	json_t *failed; /* names of hosts; owned */
};

/* How far a host is.  Only a granted host may claim, and only then it begins.
 */
enum step {
	STEP_IDLE,
	STEP_GRANTED,
	STEP_CLAIMED,
	STEP_PROMOTED,
	STEP_FAILED,
	STEP_NOT_BEGUN,
	STEP_ABSENT,
};

struct host {
	int64_t n;	 /* the rollout of the step */
	int64_t attempt; /* of the rollout */
	enum step step;
	char release[NAMES_MAX + 1]; /* that serves; "": not known */
	char was[NAMES_MAX + 1];     /* that served before the rollout */
	char target[NAMES_MAX + 1];  /* that the granted rollout is to */
	bool back;		     /* by going back to what was */
	int64_t from;		     /* its generation; 0: not known */
	bool serves;
	char address[RECORDS_TEXT]; /* for balancers, HOST:PORT */
	char reason[RECORDS_TEXT];
	int64_t since;	 /* ms since the epoch, by the host's clock */
	int64_t took_ms; /* its part of the rollout */
};

/*
 * Read a value.  -1 if it is none that was written here; a halt that was read
 * is released with halt_fini.  Texts have no control characters.
 */
int rollout_parse(struct rollout *, const char *value);
int halt_parse(struct halt *, const char *value);
int host_parse(struct host *, const char *value);
void halt_fini(struct halt *);

/* The value, *new* (free it); NULL with ENOMEM. */
char *rollout_format(const struct rollout *);
char *halt_format(const struct halt *);
char *host_format(const struct host *);

/* May this be a host's address, for balancers?  "" may: it has none. */
bool records_is_address(const char *);

const char *step_name(enum step);
const char *fleet_state_name(enum fleet_state);

/* How many hosts may be at work at once, of so many. */
int64_t rollout_width(const struct rollout *, size_t hosts);

/* Milliseconds since the epoch. */
int64_t records_now(void);

#endif
