/* SPDX-License-Identifier: ISC */
/*
 * Clients and operators.
 */
#include "people.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "laws.h"
#include "world.h"

#define TRIES_MAX 40
#define REST_US	  20000000 /* in which the service comes to rest */

static void client_comes(int, int);
static void operator_comes(int, int);

/* clang-format off */
static const struct {
	const char *method;
	unsigned int weight;
	bool begins; /* a rollout, which has an id */
} methods[] = {
	{ "Upgrade",  56, true },
	{ "Rollback", 14, true },
	{ "Restart",   8, true },
	{ "Abort",     8, false },
	{ "Promote",   7, false },
	{ "Split",     7, false },
};
/* clang-format on */

void
people_begin(void)
{
	struct people *p = &W->people;
	struct command_model *c;
	unsigned int pick, m;
	int i;

	p->ncommands = 1 + (int)draw(COMMANDS - 3);
	for (i = 0; i < p->ncommands; i++) {
		c = &p->commands[i];
		pick = draw(100);
		for (m = 0; pick >= methods[m].weight; m++)
			pick -= methods[m].weight;
		strlcpy(c->method, methods[m].method, sizeof(c->method));
		if (methods[m].begins)
			snprintf(c->id, sizeof(c->id), "command-%d", i);
		c->version = m == 0 ? (int)draw(VERSIONS) : -1;
		c->percent = (int)draw(101);
		c->canary = chance(30);
	}
	/* At last a share that is held is given up, and the service stopped. */
	strlcpy(p->commands[p->ncommands].method, "Abort",
	    sizeof(p->commands[0].method));
	p->commands[p->ncommands++].version = -1;
	strlcpy(p->commands[p->ncommands].method, "Stop",
	    sizeof(p->commands[0].method));
	p->commands[p->ncommands++].version = -1;
}

void
people_come(void)
{
	agenda_add(draw(200000), operator_comes, 0, 0);
	agenda_add(draw(20000), client_comes, 0, 0);
}

void
people_hang_up(void)
{
	struct command_model *c;

	for (c = W->people.commands; c < W->people.commands + COMMANDS; c++) {
		c->sent = false;
		c->reply = UNSAID;
	}
}

/* CLIENTS */

static void client_looks(int, int);

static void
try(int connection)
{
	struct connection *c = &W->kernel.connections[connection];
	int port = PORT_FIRST + connection % PORTS;
	int r = net_connect(port, 0x0a000000 + draw(1 << 16),
	    1024 + draw(60000), draw(1000000), connection);

	if (r == -1) {
		c->used = false;
		laws_refused(port);
	} else if (r == -2) {
		c->course = RETRYING;
		c->tries++;
	}
}

/* Has it been answered?  A client that got no SYN through tries again. */
static void
client_looks(int connection, int unused)
{
	struct connection *c = &W->kernel.connections[connection];

	if (c->course == RETRYING && c->tries < TRIES_MAX)
		try(connection);
	if (c->course == WAITING || c->course == ACCEPTED ||
	    (c->course == RETRYING && c->tries < TRIES_MAX)) {
		agenda_add(100000, client_looks, connection, 0);
		return;
	}
	connection_close(connection);
}

static void
client_comes(int a, int b)
{
	int connection;

	if (W->people.closing)
		return;
	connection = connection_new(0);
	agenda_add(20000, client_looks, connection, 0);
	try(connection);
	agenda_add(2000 + draw(60000), client_comes, 0, 0);
}

/* FAULTS of programs */

static void
kill_program(int a, int b)
{
	struct process *p;
	unsigned int n = 0;
	struct process *chosen = NULL;

	for (p = W->programs.list; p < W->programs.list + PROCESSES; p++)
		if (p->pid != 0 && !p->ended && draw(++n) == 0)
			chosen = p;
	if (chosen == NULL || W->calm)
		return;
	W->programs.excused[chosen->generation] = true;
	process_signal(chosen->pid, SIGKILL);
}

static void
jump(int a, int b)
{
	if (W->calm)
		return;
	trace("the machine is suspended for %lld ms",
	    (long long)W->faults.jump_us / 1000);
	W->now_us += W->faults.jump_us;
}

/* OPERATORS */

static void
give_next(void)
{
	struct people *p = &W->people;

	p->commands[p->next++].given = true;
}

static void
look_at_rest(int a, int b)
{
	laws_rest();
	give_next();
}

static void
go_home(int a, int b)
{
	W->people.closing = true;
	agenda_add(REST_US / 2, look_at_rest, 0, 0);
}

static void
give_up(int a, int b)
{
	give_next();
	agenda_add(REST_US / 2, go_home, 0, 0);
}

/* From here on no fault comes any more. */
static void
calm_down(int a, int b)
{
	trace("calm");
	W->calm = true;
	agenda_add(REST_US, give_up, 0, 0);
}

static void
operator_comes(int a, int b)
{
	struct people *p = &W->people;
	int64_t calm_us;

	if (p->next == 0 && W->faults.jump_us != 0)
		agenda_add(draw(8000000), jump, 0, 0);
	if (W->faults.program_kills && chance(40))
		agenda_add(draw(1000000), kill_program, 0, 0);
	give_next();
	if (p->next < p->ncommands - 2) {
		agenda_add(chance(30) ? draw(200000) : draw(4000000),
		    operator_comes, 0, 0);
		return;
	}
	calm_us = draw(4000000);
	agenda_add(calm_us, calm_down, 0, 0);
}
