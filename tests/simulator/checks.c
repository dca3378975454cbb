/* SPDX-License-Identifier: ISC */
/*
 * The built-in health check (traffic/accept.h): a directed connection at each
 * address, which the program must accept; who has which connections
 * (traffic/drain.h, diag.h); and the proof (traffic/proof.h, trace.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "traffic/accept.h"
#include "traffic/diag.h"
#include "traffic/drain.h"
#include "traffic/grace.h"
#include "traffic/proof.h"
#include "traffic/trace.h"
#include "world.h"

#define LOOK_MS 3

struct accept_check {
	struct event *timer;
	struct address *addresses;
	size_t n, at;
	unsigned int generation;
	int64_t deadline;
	int connection; /* -1: none */
	accept_find *find;
	accept_done *done;
	void *arg;
};

void
accept_check_cancel(struct accept_check *check)
{
	if (check->connection != -1)
		connection_close(check->connection);
	event_free(check->timer);
	free(check->addresses);
	free(check);
}

static void
end(struct accept_check *check, bool passed, const char *why)
{
	accept_done *done = check->done;
	void *arg = check->arg;

	if (passed)
		W->programs.passed[check->generation] = true;
	trace("the check of generation %u %s", check->generation,
	    passed ? "passes" : why);
	accept_check_cancel(check);
	done(passed, why, arg);
}

/* The check's connection at its present address; -1 to skip the address. */
static int
knock(struct accept_check *check)
{
	struct address *a = &check->addresses[check->at], to, source;
	struct listener *l = check->find(a, check->arg);
	const struct sockaddr_in *in = (const void *)&source.storage;
	size_t n = 0;

	if (l != NULL)
		listener_sockets(l, check->generation, &n);
	if (n == 0 ||
	    listener_direct(l, check->generation, 0, &to, &source) == -1)
		return -1;
	step("connect");
	check->connection = connection_new(check->generation);
	if (net_connect((int)address_port(&to), ntohl(in->sin_addr.s_addr),
		40000 + draw(20000), draw(1000000), check->connection) < 0)
		W->kernel.connections[check->connection].course = LOST;
	return 0;
}

/* 1: accepted; 0: not yet; -1: reset. */
static int
look(const struct accept_check *check)
{
	switch (W->kernel.connections[check->connection].course) {
	case ACCEPTED:
	case ANSWERED:
		return 1;
	case WAITING:
		return 0;
	default:
		return -1;
	}
}

static void
proceed(evutil_socket_t fd, short what, void *arg)
{
	struct accept_check *check = arg;
	struct timeval delay = clock_interval(LOOK_MS);
	int r;

	step("sock_diag");
	if (check->connection != -1) {
		if ((r = look(check)) == -1) {
			end(check, false, "the connection was reset");
			return;
		}
		if (r == 0 && clock_ms() >= check->deadline) {
			end(check, false, "the program has not accepted");
			return;
		}
		if (r == 0) {
			evtimer_add(check->timer, &delay);
			return;
		}
		connection_close(check->connection);
		check->connection = -1;
		check->at++;
	}
	while (check->at < check->n && knock(check) == -1)
		check->at++;
	if (check->at == check->n)
		end(check, true, NULL);
	else
		evtimer_add(check->timer, &delay);
}

struct accept_check *
accept_check_start(struct event_base *base, const struct address *addresses,
    size_t n, unsigned int generation, unsigned int timeout_ms,
    accept_find *find, accept_done *done, void *arg)
{
	struct timeval now = { 0 };
	struct accept_check *check = calloc(1, sizeof(*check));
	size_t i;

	if (check == NULL)
		return NULL;
	*check = (struct accept_check){ .addresses =
					    calloc(n + 1, sizeof(*addresses)),
		.n = n,
		.generation = generation,
		.deadline = clock_ms() + timeout_ms,
		.connection = -1,
		.find = find,
		.done = done,
		.arg = arg,
		.timer = event_new(base, -1, 0, proceed, check) };
	if (check->addresses == NULL || check->timer == NULL) {
		free(check);
		return NULL;
	}
	for (i = 0; i < n; i++)
		check->addresses[i] = addresses[i];
	event_add(check->timer, &now);
	return check;
}

/* CONNECTIONS */

struct drain_set {
	size_t n;
	pid_t pids[PROCESSES];
};

struct drain_set *
drain_set_new(const pid_t *pids, size_t n)
{
	struct drain_set *set = calloc(1, sizeof(*set));
	size_t i;

	step("readdir");
	if (set == NULL)
		return NULL;
	for (i = 0; i < n && i < PROCESSES; i++)
		set->pids[set->n++] = pids[i];
	return set;
}

void
drain_set_free(struct drain_set *set)
{
	free(set);
}

bool
drain_set_has(const struct drain_set *set, int fd)
{
	const struct process *p;
	int object = fd_object(fd), j;
	size_t i;

	for (i = 0; i < set->n; i++) {
		p = process_find(set->pids[i]);
		for (j = 0; p != NULL && j < p->nsockets; j++)
			if (p->sockets[j] == object)
				return true;
	}
	return false;
}

bool
drain_set_is_whole(const struct drain_set *set)
{
	return true;
}

static bool
is_of(const struct drain_set *set, const struct connection *c)
{
	size_t i;

	if (set == NULL)
		return c->course == WAITING || c->course == ACCEPTED;
	for (i = 0; i < set->n; i++)
		if (c->course == ACCEPTED && c->pid == set->pids[i])
			return true;
	return false;
}

int
drain_count(const struct drain_set *set, const struct address *addresses,
    size_t n, int *handshakes)
{
	const struct connection *c;
	int found = 0;

	step("sock_diag");
	for (c = W->kernel.connections; c < W->kernel.connections + CONNECTIONS;
	     c++)
		found += c->used && is_of(set, c);
	/* A connection is complete at once. */
	if (handshakes != NULL)
		*handshakes = 0;
	return found;
}

/* Of connections no program's descriptors are known here. */
int
diag_tcp(int family, const uint16_t *ports, size_t n, enum diag_what what,
    diag_tcp_fn *fn, void *arg)
{
	struct inet_diag_msg socket = { .idiag_family = (uint8_t)family };
	const struct object *o;

	step("sock_diag");
	if (what != DIAG_LISTENING)
		return 0;
	for (o = W->kernel.objects; o < W->kernel.objects + OBJECTS; o++) {
		if (o->refs == 0 || o->kind != SOCKET || !o->listening)
			continue;
		socket.id.idiag_cookie[0] = (uint32_t)o->cookie;
		socket.id.idiag_cookie[1] = (uint32_t)(o->cookie >> 32);
		fn(&socket, NULL, arg);
	}
	return 0;
}

int
diag_listens(const struct sockaddr *sa, unsigned int device, unsigned int inode)
{
	return 0;
}

int
diag_unix_queue(int fd)
{
	return -1;
}

/* GRACE: the kernel's lookups end after a while. */

struct grace {
	struct event *timer;
	void (*over)(void *);
	void *arg;
};

static void
on_grace(evutil_socket_t fd, short what, void *arg)
{
	struct grace *grace = arg;

	grace->over(grace->arg);
}

struct grace *
grace_begin(struct event_base *base, void (*over)(void *), void *arg)
{
	struct timeval period = clock_interval(draw(40));
	struct grace *grace = calloc(1, sizeof(*grace));

	step("membarrier");
	if (grace == NULL)
		return NULL;
	grace->over = over;
	grace->arg = arg;
	grace->timer = event_new(base, -1, 0, on_grace, grace);
	if (grace->timer == NULL) {
		free(grace);
		return NULL;
	}
	event_add(grace->timer, &period);
	return grace;
}

void
grace_free(struct grace *grace)
{
	if (grace == NULL)
		return;
	event_free(grace->timer);
	free(grace);
}

/* PROOF: no program attaches anything of its own. */

int
proof_try(const struct endpoint *at, const struct group *group,
    const struct steer_plan *plan, unsigned int generation)
{
	return 0;
}

/* A packet that nobody sees tells which socket would get it. */
int
trace_index(const struct endpoint *at, const int *fds, size_t n)
{
	int object = net_choose(group_of((int)address_port(&at->address)),
	    STEER_NET | (TRACE_GENERATION & 0xffff), 40000, draw(1000000));
	size_t i;

	step("sendto");
	for (i = 0; i < n; i++)
		if (fd_object(fds[i]) == object)
			return fds[i];
	errno = ENOENT;
	return -1;
}

int
trace_packets(const struct endpoint *at, unsigned int generation,
    unsigned int packets, const int *fds, unsigned int *drops, size_t n)
{
	errno = EBUSY;
	return -1;
}
