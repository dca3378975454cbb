/* SPDX-License-Identifier: ISC */
/*
 * What the programs do by themselves.
 */
#include "programs.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "laws.h"
#include "world.h"

/* clang-format off */
static const struct version kinds[] = {
	/* what		    good   start ready	accepts crash serve stop */
	{ "good",	    true,  20,	 true,	true,	0,    5,    10, 0, 0, 0 },
	{ "good, quick",    true,  0,	 true,	true,	0,    0,    0,	0, 0, 0 },
	{ "good, slow",	    true,  600,	 true,	true,	0,    80,   150, 0, 0, 0 },
	{ "shuts down",	    true,  30,	 true,	true,	0,    5,    40, 1, 0, 0 },
	{ "leaves a child", true,  30,	 true,	true,	0,    5,    10, 0, 0, 1 },
	{ "never ready",    false, 0,	 false, true,	0,    5,    10, 0, 0, 0 },
	{ "crashes soon",   false, 50,	 true,	true,	10,   5,    10, 0, 0, 0 },
	{ "crashes late",   false, 20,	 true,	true,	900,  5,    10, 0, 0, 0 },
	{ "crashes at once", false, 5,	 true,	true,	1,    5,    10, 0, 0, 0 },
	{ "lies",	    false, 10,	 true,	false,	0,    5,    10, 0, 0, 0 },
	{ "deaf",	    false, 10,	 true,	false,	0,    5,    -1, 0, 0, 0 },
	{ "does not run",   false, 0,	 true,	true,	0,    5,    10, 0, 1, 0 },
};
/* clang-format on */

#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))
#define GOOD  5

void
programs_begin(void)
{
	struct programs *p = &W->programs;
	int i;

	p->last_pid = 100;
	p->nversions = VERSIONS;
	/* The first one is good: otherwise there is no service. */
	for (i = 0; i < VERSIONS; i++)
		p->versions[i] =
		    kinds[i == 0 || chance(50) ? draw(GOOD)
					       : draw((unsigned int)KINDS)];
}

struct process *
process_find(int pid)
{
	struct process *p;

	for (p = W->programs.list; p < W->programs.list + PROCESSES; p++)
		if (pid != 0 && p->pid == pid && !p->reaped)
			return p;
	return NULL;
}

struct process *
process_of(unsigned int generation)
{
	struct process *p, *found = NULL;

	for (p = W->programs.list; p < W->programs.list + PROCESSES; p++)
		if (p->pid != 0 && !p->ended && !p->leftover &&
		    p->generation == generation)
			found = p;
	return found;
}

int
processes_count(void)
{
	const struct process *p;
	int n = 0;

	for (p = W->programs.list; p < W->programs.list + PROCESSES; p++)
		n += p->pid != 0 && !p->ended;
	return n;
}

static const struct version *
version_of(const struct process *p)
{
	return &W->programs.versions[p->version];
}

bool
is_good(unsigned int generation)
{
	return W->programs.versions[W->programs.version_of[generation]].good &&
	    !W->programs.excused[generation];
}

bool
program_serves(unsigned int generation)
{
	const struct process *p = process_of(generation);

	return p != NULL && p->accepting && !p->stopping;
}

/* SERVING */

static bool
has_socket(const struct process *p, int object)
{
	int i;

	for (i = 0; i < p->nsockets; i++)
		if (p->sockets[i] == object)
			return true;
	return false;
}

static void
answer(int connection, int pid)
{
	struct connection *c = &W->kernel.connections[connection];
	struct process *p = process_find(pid);

	if (p == NULL || !c->used || c->course != ACCEPTED || c->pid != pid)
		return;
	connection_end(connection, ANSWERED);
}

static void
accept_one(int pid, int unused)
{
	struct process *p = process_find(pid);
	struct connection *c;
	struct object *o;
	int i, connection;

	if (p == NULL || p->ended || !p->accepting)
		return;
	for (i = 0; i < p->nsockets; i++)
		if (object_at(p->sockets[i])->queued > 0)
			break;
	if (i == p->nsockets)
		return;
	o = object_at(p->sockets[i]);
	connection = o->queue[0];
	memmove(o->queue, o->queue + 1, (size_t)--o->queued * sizeof(int));
	c = &W->kernel.connections[connection];
	c->course = ACCEPTED;
	c->pid = pid;
	agenda_add(draw((unsigned int)version_of(p)->serve_ms + 1) * 1000,
	    answer, connection, pid);
	if (o->queued > 0)
		agenda_add(draw(300), accept_one, pid, 0);
}

void
programs_wake(int object)
{
	struct process *p;

	for (p = W->programs.list; p < W->programs.list + PROCESSES; p++)
		if (p->pid != 0 && !p->ended && p->accepting &&
		    has_socket(p, object))
			agenda_add(draw(1500), accept_one, p->pid, 0);
}

static void
begin_to_accept(struct process *p)
{
	p->accepting = version_of(p)->accepts;
	agenda_add(draw(500), accept_one, p->pid, 0);
	agenda_add(draw(500), accept_one, p->pid, 1);
}

static void
say(const struct process *p, bool ready)
{
	struct object *o;
	int i;

	for (i = 0; i < OBJECTS; i++) {
		o = object_at(i);
		if (o->kind == NOTIFY && o->notify == p->generation &&
		    o->nmessages < MESSAGES)
			o->messages[o->nmessages++] =
			    (struct message){ .ready = ready, .pid = p->pid };
	}
}

static void
become_ready(int pid, int unused)
{
	struct process *p = process_find(pid);

	if (p == NULL || p->ended || p->stopping)
		return;
	begin_to_accept(p);
	p->ready = true;
	if (version_of(p)->says_ready)
		say(p, true);
	trace("process %d, generation %u, is ready", pid, p->generation);
}

static void
crash(int pid, int unused)
{
	struct process *p = process_find(pid);

	if (p == NULL || p->ended)
		return;
	trace("process %d, generation %u, crashes", pid, p->generation);
	W->programs.excused[p->generation] = true;
	process_end(p, SIGSEGV);
}

/* ENDING */

static void
tell_supervisor(int a, int b)
{
	W->programs.sigchld = true;
}

static void
reset_open(struct process *p, bool excused)
{
	struct connection *c;

	for (c = W->kernel.connections; c < W->kernel.connections + CONNECTIONS;
	     c++) {
		if (!c->used || c->course != ACCEPTED || c->pid != p->pid)
			continue;
		connection_end(
		    (int)(c - W->kernel.connections), excused ? EXCUSED : LOST);
		if (!excused)
			laws_lost(
			    (int)(c - W->kernel.connections), p->generation);
	}
}

/* The keeper reaps its children, and reports to the supervisor. */
static void
keeper_reaps(struct process *p)
{
	struct kernel *k = &W->kernel;

	p->reaped = true;
	if (W->faults.lost_exits && !W->calm && chance(50))
		return;
	if (k->nreports == REPORTS)
		memmove(k->reports, k->reports + 1,
		    (size_t)--k->nreports * sizeof(k->reports[0]));
	k->reports[k->nreports++] = (struct report){ p->pid, p->status,
		W->now_us + draw(W->faults.late_exits ? 400000 : 1000) };
}

void
process_end(struct process *p, int status)
{
	int i;

	if (p->ended)
		return;
	p->ended = true;
	p->accepting = false;
	p->status = status;
	reset_open(p, status != 0 || W->programs.excused[p->generation]);
	for (i = 0; i < p->nsockets; i++)
		object_unref(p->sockets[i]);
	p->nsockets = 0;
	trace("process %d, generation %u, ends with status %d", p->pid,
	    p->generation, status);
	if (p->parent == KEEPER_PID)
		keeper_reaps(p);
	else
		agenda_add(draw(W->faults.late_exits ? 300000 : 200),
		    tell_supervisor, 0, 0);
}

static struct process *
find_room(void)
{
	struct process *p;

	for (p = W->programs.list; p < W->programs.list + PROCESSES; p++)
		if (p->pid == 0 || p->reaped)
			return p;
	broken("simulator", "too many processes");
}

/* It has no socket, and does nothing until it is told to end. */
static void
leave_child(const struct process *parent)
{
	struct process *p = find_room();

	*p = (struct process){ .pid = ++W->programs.last_pid,
		.parent = parent->parent,
		.generation = parent->generation,
		.version = parent->version,
		.start = W->now_us / 10000,
		.leftover = true };
	trace("process %d is left behind", p->pid);
}

static bool
serves_anybody(const struct process *p)
{
	const struct connection *c;

	for (c = W->kernel.connections; c < W->kernel.connections + CONNECTIONS;
	     c++)
		if (c->used && c->course == ACCEPTED && c->pid == p->pid)
			return true;
	return false;
}

static void
end_now(int pid, int unused)
{
	struct process *p = process_find(pid);

	if (p == NULL || p->ended)
		return;
	/* A good server answers what it has accepted. */
	if (serves_anybody(p)) {
		agenda_add(1000, end_now, pid, 0);
		return;
	}
	if (version_of(p)->leaves_child && !p->leftover)
		leave_child(p);
	process_end(p, 0);
}

static void
begin_to_stop(struct process *p)
{
	int i;

	p->stopping = true;
	/* There it may have been given sockets that serve on. */
	if (version_of(p)->shuts_down && !W->exclusive) {
		for (i = 0; i < p->nsockets; i++)
			socket_leave(p->sockets[i]);
		p->accepting = false;
	}
	agenda_add(draw((unsigned int)version_of(p)->stop_ms + 1) * 1000,
	    end_now, p->pid, 0);
}

void
process_signal(int pid, int signal)
{
	struct process *p = process_find(pid);

	if (p == NULL || p->ended || signal == 0)
		return;
	trace("process %d gets signal %d", pid, signal);
	if (signal == SIGKILL || signal == SIGABRT || signal == SIGSEGV)
		process_end(p, signal);
	else if (p->leftover && signal == SIGTERM)
		process_end(p, 0);
	else if ((signal == SIGTERM || signal == SIGQUIT) && !p->stopping &&
	    version_of(p)->stop_ms >= 0)
		begin_to_stop(p);
}

/* The supervisor has died: the keeper is the parent of its children now. */
void
programs_orphan(void)
{
	struct process *p;

	for (p = W->programs.list; p < W->programs.list + PROCESSES; p++) {
		if (p->pid == 0 || p->reaped)
			continue;
		p->parent = KEEPER_PID;
		if (p->ended)
			keeper_reaps(p);
	}
	W->programs.sigchld = false;
}

/* STARTING */

struct process *
process_new(unsigned int generation, int number, const int *sockets, int n)
{
	struct process *p = find_room();
	const struct version *v;
	int i;

	*p = (struct process){ .pid = ++W->programs.last_pid,
		.parent = W->programs.supervisor_pid,
		.generation = generation,
		.version = number,
		.start = W->now_us / 10000,
		.nsockets = n };
	v = version_of(p);
	for (i = 0; i < n; i++) {
		p->sockets[i] = sockets[i];
		object_ref(sockets[i]);
	}
	W->programs.started[generation] = true;
	W->programs.version_of[generation] = number;
	if (!v->good)
		W->programs.excused[generation] = true;
	agenda_add(draw((unsigned int)v->start_ms + 1) * 1000, become_ready,
	    p->pid, 0);
	if (v->crash_ms > 0)
		agenda_add(draw((unsigned int)v->crash_ms + 1) * 1000, crash,
		    p->pid, 0);
	trace("process %d, generation %u, begins (%s)", p->pid, generation,
	    v->what);
	return p;
}
