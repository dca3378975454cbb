/* SPDX-License-Identifier: ISC */
/*
 * The invariants.
 */
#include "laws.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/call.h"
#include "core/service.h"
#include "world.h"

#define PARTS		 100 /* a share is a number of these */
#define PLACEHOLDERS_MAX 16

/* Who is reached by those whose connections are directed at nobody. */
struct reach {
	int sockets[PARTS];
	unsigned int n;
	bool generation[GENERATIONS];
};

static struct group_model *
group_at(int i)
{
	return group_of(PORT_FIRST + i);
}

static void
find_reach(struct group_model *g, struct reach *reach)
{
	unsigned int i;

	memset(reach, 0, sizeof(*reach));
	if (g->n == 0)
		return;
	for (i = 0; i < PARTS; i++) {
		reach->sockets[i] = net_choose(g, 0x0a000001, 12345, i);
		reach->generation[object_at(reach->sockets[i])->generation] =
		    true;
	}
	reach->n = PARTS;
}

/* Has another generation that passed a socket here, and a program? */
static bool
other_could_serve(const struct group_model *g, unsigned int generation)
{
	unsigned int other;
	int i;

	for (i = 0; i < g->n; i++) {
		other = object_at(g->sockets[i])->generation;
		if (other != 0 && other != generation &&
		    W->programs.passed[other] && process_of(other) != NULL)
			return true;
	}
	return false;
}

void
laws_begin(struct service *service)
{
	W->service = service;
}

void
laws_died(void)
{
	const struct service *service = W->service;

	W->ending |= service != NULL && service->ending;
}

/* Is the service being stopped, by request or since it has given up? */
static bool
is_ending(void)
{
	const struct service *service = W->service;

	return W->over || W->ending || (W->alive && service->ending);
}

/*
 * Nobody who could be served is led to a socket that nobody serves, which is
 * generation 0's, or to a generation that has not passed its check.  While a
 * service ends its sockets leave one after the other.
 */
static bool
may_be_reached(unsigned int generation)
{
	return generation == 0 ? is_ending() : W->programs.passed[generation];
}

void
laws_shares(void)
{
	struct group_model *g;
	struct reach reach;
	unsigned int i;

	if (W->exclusive || !W->served || W->over)
		return;
	for (g = W->kernel.groups; g < W->kernel.groups + GROUPS; g++) {
		if (g->n == 0)
			continue;
		find_reach(g, &reach);
		for (i = 0; i < GENERATIONS; i++)
			if (reach.generation[i] && !may_be_reached(i) &&
			    other_could_serve(g, i))
				broken("unchecked",
				    "generation %u has a share of port %d and "
				    "has passed no check",
				    i, g->port);
	}
}

void
laws_look(void)
{
	const struct service *service = W->service;

	if (service->active != NULL)
		W->active = service->active->number;
	if (!W->served && service->active != NULL) {
		W->served = true;
		trace("the service serves");
		people_come();
	}
}

/* A connection that was accepted is answered. */
void
laws_lost(int connection, unsigned int generation)
{
	const struct connection *c = &W->kernel.connections[connection];

	if (c->directed != 0 || is_ending() ||
	    (generation != 0 && W->programs.excused[generation]))
		return;
	broken("answered",
	    "connection %d of a client was lost, which generation %u had",
	    connection, generation);
}

void
laws_refused(int port)
{
	if (is_ending())
		return;
	broken("serves", "a client was refused at port %d", port);
}

/* OUTCOMES */

/* All shares are that generation's. */
static void
serves_alone(unsigned int generation, const char *when)
{
	struct reach reach;
	unsigned int g;
	int i;

	for (i = 0; i < W->people_ports; i++) {
		find_reach(group_at(i), &reach);
		if (reach.n == 0)
			broken("true", "%s: nobody listens at port %d", when,
			    PORT_FIRST + i);
		for (g = 0; g < GENERATIONS; g++)
			if (reach.generation[g] != (g == generation))
				broken("true",
				    "%s: generation %u is said to serve, and "
				    "%u %s a share of port %d",
				    when, generation, g,
				    reach.generation[g] ? "has" : "has not",
				    PORT_FIRST + i);
	}
}

void
laws_outcome(struct service *service, const json_t *outcome)
{
	const char *result, *reason;
	int from, to, serves;

	if (json_unpack((json_t *)outcome, "{ss ss si si si}", "result",
		&result, "reason", &reason, "from", &from, "to", &to, "serves",
		&serves) == -1)
		broken("true", "an outcome is not whole");
	W->rollouts++;
	trace("outcome: %s, from %d to %d, %d serves: %s", result, from, to,
	    serves, reason);
	if (service->ending)
		return;
	/*
	 * The old program may not come up again: if it is a bad one, and if a
	 * supervisor was killed that had read its READY=1.
	 */
	if (serves == 0 && W->exclusive &&
	    (W->programs.excused[from] || W->killed))
		return;
	if (serves == 0)
		broken("true", "nothing serves after %s: %s", result, reason);
	if (strcmp(result, "promoted") == 0 && serves != to)
		broken("true", "promoted, and %d serves, not %d", serves, to);
	if (strcmp(result, "aborted") == 0 && serves != from)
		broken("true", "aborted, and %d serves, not %d", serves, from);
	if (service->active == NULL ||
	    service->active->number != (unsigned int)serves)
		broken("true", "the outcome says that %d serves", serves);
	if (!W->programs.passed[serves])
		broken("unchecked", "generation %d serves unchecked", serves);
	serves_alone((unsigned int)serves, result);
}

/*
 * A disk that was full, and then a kill: the outcome is forgotten.  No memory:
 * the command says so, and nothing else.
 */
static bool
may_fail(const char *reason)
{
	if (strstr(reason, "out of memory") != NULL ||
	    strstr(reason, strerror(ENOMEM)) != NULL)
		return W->faults.memory_lacked;
	return strcmp(reason, CALL_FORGOTTEN) == 0 &&
	    W->faults.full_from != 0 && W->killed;
}

void
laws_answer(int number)
{
	const struct command_model *c = &W->people.commands[number];

	if (c->said == FAILED && !may_fail(c->reason))
		broken("true", "command %d failed: %s", number, c->reason);
	if (c->said == REPLIED && c->id[0] != '\0' && c->result[0] == '\0')
		broken("true", "command %d has no outcome", number);
	if (W->faults.none && c->said == REPLIED && c->version != -1 &&
	    W->programs.versions[c->version].good && !W->over &&
	    strcmp(c->result, "promoted") != 0 &&
	    strcmp(c->reason, "aborted on request") != 0)
		broken("good", "command %d: a good release was %s: %s", number,
		    c->result, c->reason);
}

/* HISTORY */

static const json_t *
entry_of(
    const json_t *entries, const struct command_model *c, unsigned int *count)
{
	const json_t *entry, *found = NULL;
	const char *id;
	size_t i;

	*count = 0;
	json_array_foreach (entries, i, entry) {
		id = json_string_value(json_object_get(entry, "id"));
		if (id == NULL || strcmp(id, c->id) != 0)
			continue;
		found = entry;
		++*count;
	}
	return found;
}

static void
compare_history(const struct service *service)
{
	json_t *entries = journal_entries(service->journal);
	const struct command_model *c;
	const json_t *entry;
	const char *result;
	unsigned int count;

	for (c = W->people.commands;
	     c < W->people.commands + W->people.ncommands; c++) {
		if (c->id[0] == '\0')
			continue;
		entry = entry_of(entries, c, &count);
		/* A disk that was full, and then a kill. */
		if (count == 0 && W->faults.full_from != 0 && W->killed)
			continue;
		if (count != (c->said == REPLIED))
			broken("history",
			    "%s is in the history %u times, and the answer "
			    "was %s",
			    c->id, count,
			    c->said == REPLIED ? "an outcome" : "a refusal");
		result = json_string_value(json_object_get(entry, "result"));
		if (entry != NULL && strcmp(result, c->result) != 0)
			broken("history", "%s was %s, and the history says %s",
			    c->id, c->result, result);
	}
	json_decref(entries);
}

/* REST */

static int
count_objects(enum kind kind)
{
	int i, n = 0;

	for (i = 0; i < OBJECTS; i++)
		n += object_at(i)->kind == kind;
	return n;
}

static void
look_at_commands(void)
{
	int i;

	for (i = 0; i < W->people.ncommands - 1; i++)
		if (W->people.commands[i].said == UNSAID)
			broken("rest", "command %d got no answer", i);
}

/*
 * With classic programs some placeholders stay (traffic/group.h).  They steer
 * where memory was lacking for eBPF until the next plan, too.
 */
static void
look_at_sockets(unsigned int active)
{
	int i, own = 0, placeholders = 0;

	for (i = 0; i < OBJECTS; i++) {
		if (object_at(i)->kind != SOCKET)
			continue;
		own += object_at(i)->generation == active;
		placeholders += object_at(i)->generation == 0;
	}
	if (own != W->people_ports ||
	    own + placeholders != count_objects(SOCKET) ||
	    placeholders >
		(W->ebpf && !W->faults.memory_lacked ? 0 : PLACEHOLDERS_MAX))
		broken("rest",
		    "there are %d sockets: %d of generation %u and %d "
		    "placeholders",
		    count_objects(SOCKET), own, active, placeholders);
}

void
laws_rest(void)
{
	const struct service *service = W->service;
	unsigned int active;

	if (W->over)
		return;
	if (!W->alive)
		broken("rest", "there is no supervisor");
	look_at_commands();
	if (service->release.rollout.state != ROLLOUT_IDLE)
		broken("rest", "a rollout is still under way");
	if (service->active == NULL)
		broken("rest", "nothing serves");
	active = service->active->number;
	if (!program_serves(active) && !W->programs.excused[active])
		broken("rest", "generation %u does not serve", active);
	serves_alone(active, "at rest");
	if (processes_count() != 1)
		broken("rest", "%d processes run", processes_count());
	look_at_sockets(active);
	if (count_objects(NOTIFY) != 1)
		broken("rest", "there are %d notification sockets",
		    count_objects(NOTIFY));
	compare_history(service);
}

void
laws_end(int status)
{
	W->over = true;
	if (W->people.next == W->people.ncommands && status != 0 && W->calm)
		broken("true", "a stop ended with status %d", status);
	if (W->people.next == W->people.ncommands)
		return;
	/* A first start may fail; so a message is lost with who has read it. */
	if (!W->served && !W->faults.none)
		return;
	/* It has given up: the program that served was bad. */
	if (!W->programs.excused[W->active])
		broken("serves", "the service ended by itself");
}
