/* SPDX-License-Identifier: ISC */
/*
 * TCP sockets as the kernel has them: groups of SO_REUSEPORT whose order
 * changes when a socket leaves, classic programs that choose by that order, and
 * queues that are reset when the last descriptor of their socket is closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "laws.h"
#include "world.h"

struct group_model *
group_of(int port)
{
	struct group_model *g, *unused = NULL;

	for (g = W->kernel.groups; g < W->kernel.groups + GROUPS; g++) {
		if (g->port == port)
			return g;
		if (g->port == 0 && unused == NULL)
			unused = g;
	}
	if (unused == NULL)
		broken("simulator", "too many ports");
	unused->port = port;
	return unused;
}

/* CLASSIC PROGRAMS */

struct packet {
	uint32_t source;
	unsigned int port;
	uint32_t random;
};

static uint32_t
load(const struct packet *packet, unsigned int size, uint32_t at)
{
	uint32_t offset = at - (uint32_t)SKF_NET_OFF;

	if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM))
		return packet->random;
	if (size == BPF_B && offset == 0)
		return 0x45;
	if (size == BPF_W && offset == 12)
		return packet->source;
	if (size == BPF_H && offset == 12)
		return packet->source >> 16;
	if (size == BPF_H && offset == 14)
		return packet->source & 0xffff;
	if (size == BPF_H && offset == 20)
		return packet->port;
	broken("simulator", "a program loads %u bytes at %u", size, offset);
}

static uint32_t
compute(unsigned int op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b != 0 ? a / b : 0;
	case BPF_MOD:
		return b != 0 ? a % b : 0;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_RSH:
		return a >> (b & 31);
	default:
		broken("simulator", "a program has operation %u", op);
	}
}

static uint32_t
read_value(const struct packet *packet, const struct sock_filter *f, uint32_t x,
    const uint32_t *memory)
{
	switch (BPF_MODE(f->code)) {
	case BPF_MEM:
		return memory[f->k];
	case BPF_IND:
		return load(packet, BPF_SIZE(f->code), f->k + x);
	case BPF_MSH:
		return 20;
	default:
		return load(packet, BPF_SIZE(f->code), f->k);
	}
}

static uint32_t
run_classic(const struct group_model *g, const struct packet *packet)
{
	uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = { 0 }, b;
	const struct sock_filter *f;
	int at;

	for (at = 0; at < g->ncode; at++) {
		f = &g->code[at];
		b = BPF_SRC(f->code) == BPF_X ? x : f->k;
		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			a = read_value(packet, f, x, memory);
			break;
		case BPF_LDX:
			x = read_value(packet, f, x, memory);
			break;
		case BPF_ST:
			memory[f->k] = a;
			break;
		case BPF_ALU:
			a = compute(BPF_OP(f->code), a, b);
			break;
		case BPF_MISC:
			x = BPF_MISCOP(f->code) == BPF_TAX ? a : x;
			break;
		case BPF_JMP:
			if (BPF_OP(f->code) == BPF_JA)
				at += (int)f->k;
			else if (BPF_OP(f->code) == BPF_JEQ)
				at += a == b ? f->jt : f->jf;
			else
				at += a >= b ? f->jt : f->jf;
			break;
		default:
			return f->k;
		}
	}
	broken("simulator", "a program has no end");
}

/* THE CHOICE */

int
net_choose(struct group_model *g, uint32_t source, unsigned int source_port,
    unsigned int dice)
{
	const struct packet packet = { source, source_port, dice };
	uint32_t index;
	int chosen;

	if (g->n == 0)
		return -1;
	if (g->ebpf != 0 && (chosen = maps_choose(g, source, dice)) != -1)
		return chosen;
	if (g->classic && g->ebpf == 0 &&
	    (index = run_classic(g, &packet)) < (uint32_t)g->n)
		return g->sockets[index];
	/* The kernel's hash. */
	return g->sockets[dice % (unsigned int)g->n];
}

void
net_changed(void)
{
	laws_shares();
}

/* CONNECTIONS */

int
connection_new(unsigned int directed)
{
	struct kernel *k = &W->kernel;
	int i;

	for (i = 0; i < CONNECTIONS; i++)
		if (!k->connections[i].used)
			break;
	if (i == CONNECTIONS)
		broken("simulator", "too many connections");
	k->connections[i] =
	    (struct connection){ .used = true, .directed = directed };
	return i;
}

int
net_connect(int port, uint32_t source, unsigned int source_port,
    unsigned int dice, int connection)
{
	struct connection *c = &W->kernel.connections[connection];
	struct object *o;
	int chosen = net_choose(group_of(port), source, source_port, dice);

	if (chosen == -1)
		return -1;
	o = object_at(chosen);
	if (o->refuses || o->queued == QUEUE)
		return -2;
	c->course = WAITING;
	c->socket = chosen;
	c->generation = o->generation;
	o->queue[o->queued++] = connection;
	programs_wake(chosen);
	return chosen;
}

void
connection_close(int connection)
{
	struct connection *c = &W->kernel.connections[connection];

	c->abandoned = true;
	c->used = c->course == WAITING || c->course == ACCEPTED;
}

void
connection_end(int connection, enum course course)
{
	struct connection *c = &W->kernel.connections[connection];

	c->course = course;
	c->used = !c->abandoned;
}

void
connection_reset(int connection)
{
	connection_end(connection, LOST);
	laws_lost(connection, W->kernel.connections[connection].generation);
}

/* JOINING AND LEAVING */

void
socket_leave(int object)
{
	struct object *o = object_at(object);
	struct group_model *g;
	int i;

	if (!o->listening)
		return;
	o->listening = false;
	g = group_of(o->port);
	for (i = 0; g->sockets[i] != object; i++)
		continue;
	g->sockets[i] = g->sockets[--g->n];
	if (g->n == 0) {
		maps_unref(g->ebpf);
		g->ebpf = 0;
		g->classic = false;
	}
	maps_forget_socket(object);
	while (o->queued > 0)
		connection_reset(o->queue[--o->queued]);
	net_changed();
}

void
socket_end(int object)
{
	socket_leave(object);
}

static void
join(int object)
{
	struct object *o = object_at(object);
	struct group_model *g = group_of(o->port);

	if (o->listening)
		return;
	if (g->n == GROUP_SOCKETS)
		broken("simulator", "too many sockets in a group");
	o->listening = true;
	g->sockets[g->n++] = object;
	net_changed();
}

/* SYSTEM CALLS */

int
socket(int domain, int type, int protocol)
{
	step("socket");
	if (domain != AF_INET || (type & 0xf) != SOCK_STREAM) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return fd_new(object_new(SOCKET));
}

int
bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct object *o = fd_at(fd, SOCKET);

	step("bind");
	if (o == NULL)
		return -1;
	o->port =
	    ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
	o->bound = ++W->kernel.last_bound;
	return 0;
}

int
listen(int fd, int backlog)
{
	struct object *o = fd_at(fd, SOCKET);

	step("listen");
	if (o == NULL)
		return -1;
	join(fd_object(fd));
	return 0;
}

int
shutdown(int fd, int how)
{
	step("shutdown");
	if (fd_at(fd, SOCKET) == NULL)
		return -1;
	socket_leave(fd_object(fd));
	return 0;
}

int
getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	const struct object *o = fd_at(fd, SOCKET);
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (o == NULL)
		return -1;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((uint16_t)o->port);
	memcpy(sa, &in, sizeof(in));
	*len = sizeof(in);
	return 0;
}

int
getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	errno = ENOTCONN;
	return -1;
}

static int
option_value(const struct object *o, int level, int option)
{
	if (level != SOL_SOCKET)
		return 0;
	switch (option) {
	case SO_ACCEPTCONN:
		return o->listening;
	case SO_REUSEPORT:
		return o->reuseport;
	case SO_REUSEADDR:
		return o->reuseaddr;
	case SO_DOMAIN:
		return AF_INET;
	default:
		return 0;
	}
}

int
getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	const struct object *o = fd_at(fd, SOCKET);
	struct tcp_info *info = value;

	if (o == NULL)
		return -1;
	if (value == NULL) /* asked for its length only */
		return 0;
	if (level == IPPROTO_TCP && option == TCP_INFO) {
		info->tcpi_state = o->listening ? TCP_LISTEN : TCP_CLOSE;
		info->tcpi_unacked = (uint32_t)o->queued;
	} else if (level == SOL_SOCKET && option == SO_COOKIE)
		*(uint64_t *)value = o->cookie;
	else if (option != SO_GET_FILTER)
		*(int *)value = option_value(o, level, option);
	return 0;
}

static void
attach(struct object *o, const struct sock_fprog *program)
{
	struct group_model *g = group_of(o->port);

	memcpy(g->code, program->filter,
	    program->len * sizeof(program->filter[0]));
	g->ncode = program->len;
	g->classic = true;
	maps_unref(g->ebpf);
	g->ebpf = 0;
	net_changed();
}

int
setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	struct object *o = fd_at(fd, SOCKET);

	step("setsockopt");
	if (o == NULL)
		return -1;
	if (level != SOL_SOCKET)
		return 0;
	if (option == SO_ATTACH_REUSEPORT_CBPF)
		attach(o, value);
	else if (option == SO_ATTACH_FILTER)
		o->refuses = true;
	else if (option == SO_BINDTOIFINDEX)
		o->hidden = true;
	else if (option == SO_REUSEPORT)
		o->reuseport = *(const int *)value;
	else if (option == SO_REUSEADDR)
		o->reuseaddr = *(const int *)value;
	return 0;
}
