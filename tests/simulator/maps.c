/* SPDX-License-Identifier: ISC */
/*
 * The eBPF program and its maps (traffic/ebpf.h): the choice that
 * kernel/steering.bpf.c makes for TCP.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/ebpf.h"
#include "traffic/steer.h"
#include "world.h"

#define MAPS ((int)(sizeof(W->kernel.maps) / sizeof(W->kernel.maps[0])))

const bool ebpf_is_built = true;

struct ebpf {
	int number;
};

int
ebpf_try(char *why, size_t size)
{
	if (W->ebpf)
		return 0;
	snprintf(why, size, "this kernel has none");
	return -1;
}

static struct ebpf *
handle(int number)
{
	struct ebpf *e = malloc(sizeof(*e));

	if (e != NULL)
		e->number = number;
	return e;
}

struct ebpf *
ebpf_new(bool datagrams)
{
	int i;

	step("bpf");
	for (i = 1; i < MAPS; i++)
		if (!W->kernel.maps[i].used) {
			memset(
			    &W->kernel.maps[i], 0, sizeof(W->kernel.maps[i]));
			W->kernel.maps[i].used = true;
			return handle(i);
		}
	errno = EMFILE;
	return NULL;
}

/* The maps live as long as a group or a supervisor has them. */
void
ebpf_free(struct ebpf *e)
{
	struct maps *m;

	if (e == NULL)
		return;
	m = &W->kernel.maps[e->number];
	m->used = m->refs > 0;
	free(e);
}

void
maps_unref(int number)
{
	if (number != 0 && --W->kernel.maps[number].refs == 0)
		W->kernel.maps[number].used = false;
}

json_t *
ebpf_save(const struct ebpf *e)
{
	return json_pack("{si}", "map", e->number);
}

struct ebpf *
ebpf_restore(const json_t *saved, bool datagrams)
{
	int number = (int)json_integer_value(json_object_get(saved, "map"));

	step("bpf");
	if (number > 0 && number < MAPS && W->kernel.maps[number].refs > 0)
		return handle(number);
	errno = ENOENT;
	return NULL;
}

int
ebpf_attach(const struct ebpf *e, int fd)
{
	struct object *o = fd_at(fd, SOCKET);
	struct group_model *g;

	step("setsockopt");
	if (o == NULL)
		return -1;
	g = group_of(o->port);
	if (g->ebpf == e->number)
		return 0;
	W->kernel.maps[e->number].refs++;
	maps_unref(g->ebpf);
	g->ebpf = e->number;
	net_changed();
	return 0;
}

int
ebpf_put(struct ebpf *e, unsigned int key, int fd, unsigned int generation)
{
	struct maps *m = &W->kernel.maps[e->number];

	step("bpf");
	if (fd_at(fd, SOCKET) == NULL)
		return -1;
	m->sockets[key] = fd_object(fd) + 1;
	m->owners[key] = generation;
	return 0;
}

int
ebpf_rename(struct ebpf *e, unsigned int key, unsigned int generation)
{
	step("bpf");
	W->kernel.maps[e->number].owners[key] = generation;
	return 0;
}

void
ebpf_remove(struct ebpf *e, unsigned int key)
{
	step("bpf");
	W->kernel.maps[e->number].sockets[key] = 0;
	net_changed();
}

/* The kernel takes a socket that is closed out of the map. */
void
maps_forget_socket(int object)
{
	int i, key;

	for (i = 1; i < MAPS; i++)
		for (key = 0; W->kernel.maps[i].used && key < EBPF_SOCKETS;
		     key++)
			if (W->kernel.maps[i].sockets[key] == object + 1)
				W->kernel.maps[i].sockets[key] = 0;
}

void
ebpf_forget_flows(struct ebpf *e, unsigned int key)
{
}

int
ebpf_set_preview(struct ebpf *e, const struct ebpf_net *nets, size_t n)
{
	return 0;
}

int
ebpf_store(struct ebpf *e, const struct ebpf_plan *plan)
{
	step("bpf");
	W->kernel.maps[e->number].plan = *plan;
	net_changed();
	return 0;
}

uint64_t
ebpf_given(const struct ebpf *e, unsigned int generation)
{
	return W->kernel.maps[e->number].given[generation % EBPF_COUNTERS];
}

size_t
ebpf_flows(const struct ebpf *e, const bool *keys, int64_t idle_ms)
{
	return 0;
}

static int
choose_of(const struct maps *m, unsigned int target, unsigned int dice)
{
	const struct ebpf_target *t = &m->plan.targets[target];
	unsigned int i, key;
	int object;

	for (i = 0; target < EBPF_TARGETS && i < t->n; i++) {
		key = m->plan.members[t->first + (dice + i) % t->n];
		object = m->sockets[key] - 1;
		if (object != -1 && object_at(object)->listening)
			return object;
	}
	return -1;
}

int
maps_choose(struct group_model *g, uint32_t source, unsigned int dice)
{
	const struct maps *m = &W->kernel.maps[g->ebpf];
	unsigned int target, number = source & 0xffff;
	int chosen;

	if (source >> 16 == STEER_NET >> 16) {
		target = m->plan.directed[number % EBPF_SLOTS];
		while (target < EBPF_TARGETS &&
		    (m->plan.targets[target].generation & 0xffff) != number)
			target = m->plan.targets[target].next;
		if ((chosen = choose_of(m, target, dice)) != -1)
			return chosen;
	}
	chosen = choose_of(m, m->plan.shares[dice % 100], dice / 100);
	return chosen != -1 ? chosen
			    : choose_of(m, m->plan.fallback, dice / 100);
}
