/* SPDX-License-Identifier: ISC */
/*
 * Compiles a plan into the tables of struct ebpf_plan.
 */
#include "traffic/ebpf_plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "traffic/targets.h"

struct compiler {
	const struct targets *targets;
	const struct steer_slot *slots;
	const unsigned int *keys;
	size_t nslots;
	struct ebpf_plan *plan;
	__u32 ntargets;
	size_t nmembers;
};

/* Returns the target's index; -1 if there is no room. */
static int
add_target(struct compiler *c, const struct target *target)
{
	struct ebpf_plan *plan = c->plan;
	struct ebpf_target *t;
	size_t i;

	if (c->ntargets == EBPF_TARGETS)
		return -1;
	t = &plan->targets[c->ntargets];
	t->generation = target->generation;
	t->first = (__u16)c->nmembers;
	for (i = 0; i < c->nslots; i++) {
		if (!targets_leads_to(&c->slots[i], target->generation))
			continue;
		if (c->nmembers == EBPF_SOCKETS)
			return -1;
		plan->members[c->nmembers++] = (__u16)c->keys[i];
		t->n++;
	}
	return (int)c->ntargets++;
}

/* The targets keep the indices that they have in the list. */
static int
add_targets(struct compiler *c)
{
	size_t i;

	for (i = 0; i < c->targets->n; i++)
		if (add_target(c, &c->targets->list[i]) == -1)
			return -1;
	c->plan->fallback = (__u32)(c->targets->greatest - c->targets->list);
	return 0;
}

/* The last entry in shares gets the lowest numbers, see steer.h. */
static void
add_shares(struct compiler *c, const struct steer_plan *plan)
{
	const struct target *t;
	unsigned int number = 0, end;
	size_t i;

	for (i = plan->nshares; i-- > 0;) {
		t = targets_find(c->targets, plan->shares[i].generation);
		if (t == NULL)
			continue;
		for (end = number + t->percent; number < end && number < 100;)
			c->plan->shares[number++] =
			    (__u8)(t - c->targets->list);
	}
	while (number < 100)
		c->plan->shares[number++] = (__u8)c->plan->fallback;
}

/* The targets of one slot are linked, the newest generation first. */
static void
add_directed(struct compiler *c)
{
	struct ebpf_plan *plan = c->plan;
	struct ebpf_target *t;
	__u32 i, at;

	memset(plan->directed, EBPF_NONE, sizeof(plan->directed));
	for (i = 0; i < c->ntargets; i++) {
		t = &plan->targets[i];
		at = plan->directed[t->generation % EBPF_SLOTS];
		if (at == EBPF_NONE ||
		    plan->targets[at].generation < t->generation) {
			t->next = at;
			plan->directed[t->generation % EBPF_SLOTS] = (__u8)i;
			continue;
		}
		while (plan->targets[at].next != EBPF_NONE &&
		    plan->targets[plan->targets[at].next].generation >
			t->generation)
			at = plan->targets[at].next;
		t->next = plan->targets[at].next;
		plan->targets[at].next = i;
	}
}

static void
set_preview(struct compiler *c, const struct steer_plan *plan)
{
	__u32 i;

	c->plan->preview = EBPF_NONE;
	for (i = 0; plan->npreview > 0 && i < c->ntargets; i++)
		if (c->plan->targets[i].generation == plan->preview_generation)
			c->plan->preview = i;
}

void
ebpf_plan_net(const struct steer_net *from, struct ebpf_net *net)
{
	bool is_in4 = from->family == AF_INET;

	memset(net, 0, sizeof(*net));
	net->bits = from->bits + (is_in4 ? 96 : 0);
	if (is_in4)
		net->address[2] = htonl(0xffff);
	memcpy(net->address + (is_in4 ? 3 : 0), from->address, is_in4 ? 4 : 16);
}

int
ebpf_plan_compile(const struct steer_plan *plan, const struct steer_slot *slots,
    const unsigned int *keys, size_t nslots, struct ebpf_plan *out)
{
	struct targets targets;
	struct compiler c = { .targets = &targets,
		.slots = slots,
		.keys = keys,
		.nslots = nslots,
		.plan = out };
	int r = 0;

	if (targets_init(&targets, plan, slots, nslots) == -1)
		return -1;
	memset(out, 0, sizeof(*out));
	out->sticky = plan->sticky;
	out->idle_ns[1] = (__u64)plan->idle_ms * 1000000;
	out->idle_ns[0] =
	    out->idle_ns[1] < EBPF_SHORT_NS ? out->idle_ns[1] : EBPF_SHORT_NS;
	if (add_targets(&c) == -1) {
		errno = E2BIG;
		r = -1;
	} else {
		add_shares(&c, plan);
		add_directed(&c);
		set_preview(&c, plan);
	}
	targets_fini(&targets);
	return r;
}
