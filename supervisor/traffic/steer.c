/* SPDX-License-Identifier: ISC */
/*
 * The compiler from a plan and the order of a group's sockets to classic BPF.
 * It writes no load that could fail on a packet that the kernel hands to the
 * program: a failed load ends the program with index 0, which may be any
 * generation's.
 *
 * A program consists of: keys, directed and preview for IPv4; the same for
 * IPv6; the shares; then one block for each generation, which returns a
 * socket's index.
 */
#include "traffic/steer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/targets.h"

#define NET(offset) ((uint32_t)(SKF_NET_OFF + (offset)))
#define GOLDEN	    0x9e3779b1u /* 2^32 over the golden ratio, made odd */

/* Indices of the program's scratch memory. */
enum { KEY_ADDRESS, KEY_PORT };

enum { LABEL_IN6, LABEL_IN4_REST, LABEL_IN6_REST, LABEL_SHARES, NLABELS };

struct compiler {
	const struct steer_plan *plan;
	const struct steer_slot *slots;
	size_t nslots;
	struct targets targets;
	size_t labels[NLABELS];
	struct sock_filter *code;
	size_t n;
	size_t max;
};

static void
emit(struct compiler *c, unsigned int code, uint32_t k)
{
	if (c->n < c->max)
		c->code[c->n] = (struct sock_filter)BPF_STMT(code, k);
	c->n++;
}

/* The first pass finds the places of the labels, the second pass uses them. */
static void
emit_jump(struct compiler *c, size_t label)
{
	emit(c, BPF_JMP | BPF_JA, (uint32_t)(label - c->n - 1));
}

/*
 * Compare A with k.  The next instruction is skipped if the comparison is false
 * (with unless_so: if it is true).
 */
static void
emit_compare(
    struct compiler *c, unsigned int compare, uint32_t k, bool unless_so)
{
	if (c->n < c->max)
		c->code[c->n] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | compare | BPF_K, k, unless_so, !unless_so);
	c->n++;
}

/*
 * Go to label if the comparison of A with k is true.  A conditional jump
 * reaches 255 instructions at most, so it only skips an unconditional jump,
 * which reaches any label.
 */
static void
emit_if(struct compiler *c, unsigned int compare, uint32_t k, size_t label)
{
	emit_compare(c, compare, k, false);
	emit_jump(c, label);
}

static void
emit_unless(struct compiler *c, unsigned int compare, uint32_t k, size_t label)
{
	emit_compare(c, compare, k, true);
	emit_jump(c, label);
}

static void
emit_load(struct compiler *c, unsigned int size, int offset)
{
	emit(c, BPF_LD | size | BPF_ABS, NET(offset));
}

/* A ^= A >> bits */
static void
emit_fold(struct compiler *c, unsigned int bits)
{
	emit(c, BPF_MISC | BPF_TAX, 0);
	emit(c, BPF_ALU | BPF_RSH | BPF_K, bits);
	emit(c, BPF_ALU | BPF_XOR | BPF_X, 0);
}

/*
 * Make every bit of A depend on every other bit: addresses of one network
 * differ in few bits, and the remainder depends on the low bits.
 */
static void
emit_mix(struct compiler *c)
{
	emit_fold(c, 16);
	emit(c, BPF_ALU | BPF_MUL | BPF_K, GOLDEN);
	emit_fold(c, 15);
	emit(c, BPF_ALU | BPF_MUL | BPF_K, GOLDEN);
	emit_fold(c, 16);
}

static bool
wants_port(const struct compiler *c)
{
	size_t i;

	for (i = 0; i < c->targets.n; i++)
		if (c->targets.list[i].nslots > 1)
			return true;
	return false;
}

/* Store the keys for the hashes, from the source address and port. */
static void
emit_keys_in4(struct compiler *c)
{
	if (!c->plan->sticky && !wants_port(c))
		return;
	emit_load(c, BPF_W, 12);
	emit(c, BPF_ST, KEY_ADDRESS);
	if (!wants_port(c))
		return;
	emit(c, BPF_LDX | BPF_B | BPF_MSH, NET(0)); /* header's length */
	emit(c, BPF_LD | BPF_H | BPF_IND, NET(0));
	emit(c, BPF_ST, KEY_PORT);
}

static void
emit_keys_in6(struct compiler *c)
{
	int offset;

	if (!c->plan->sticky && !wants_port(c))
		return;
	emit_load(c, BPF_W, 8);
	for (offset = 12; offset <= 20; offset += 4) {
		emit(c, BPF_ALU | BPF_MUL | BPF_K, GOLDEN);
		emit(c, BPF_MISC | BPF_TAX, 0);
		emit_load(c, BPF_W, offset);
		emit(c, BPF_ALU | BPF_ADD | BPF_X, 0);
	}
	emit(c, BPF_ST, KEY_ADDRESS);
	if (!wants_port(c))
		return;
	emit_load(c, BPF_H, 40);
	emit(c, BPF_ST, KEY_PORT);
}

/*
 * A contains the number of a generation modulo modulus, which means the newest
 * generation with that remainder.
 */
static void
emit_numbers(struct compiler *c, unsigned int modulus)
{
	const struct target *t, *newer;

	for (t = c->targets.list; t < c->targets.list + c->targets.n; t++) {
		for (newer = c->targets.list;
		     newer < c->targets.list + c->targets.n; newer++)
			if (newer->generation > t->generation &&
			    (newer->generation - t->generation) % modulus == 0)
				break;
		if (newer == c->targets.list + c->targets.n)
			emit_if(c, BPF_JEQ, t->generation % modulus, t->label);
	}
}

static void
emit_directed_in4(struct compiler *c)
{
	emit_load(c, BPF_H, 12);
	emit_unless(c, BPF_JEQ, STEER_NET >> 16, c->labels[LABEL_IN4_REST]);
	emit_load(c, BPF_H, 14);
	emit_numbers(c, 65536);
	c->labels[LABEL_IN4_REST] = c->n;
}

static void
emit_directed_in6(struct compiler *c)
{
	int offset;

	for (offset = 8; offset <= 20; offset += 4) {
		emit_load(c, BPF_W, offset);
		emit_unless(
		    c, BPF_JEQ, offset == 20, c->labels[LABEL_IN6_REST]);
	}
	emit_load(c, BPF_H, 40);
	emit_unless(c, BPF_JGE, STEER_PORT_BASE, c->labels[LABEL_IN6_REST]);
	emit(c, BPF_ALU | BPF_SUB | BPF_K, STEER_PORT_BASE);
	emit(c, BPF_ALU | BPF_DIV | BPF_K, STEER_PORTS);
	emit_numbers(c, STEER_PORT_SLOTS);
	c->labels[LABEL_IN6_REST] = c->n;
}

/* One word of a network's mask, of which the first bits are 1. */
static uint32_t
mask_word(unsigned int bits)
{
	if (bits >= 32)
		return UINT32_MAX;
	return bits == 0 ? 0 : UINT32_MAX << (32 - bits);
}

static void
emit_net(struct compiler *c, const struct steer_net *net, size_t label)
{
	unsigned int words = net->family == AF_INET ? 1 : 4, i, bits;
	int offset = net->family == AF_INET ? 12 : 8;
	size_t start = c->n, miss;
	uint32_t word;

	/*
	 * Each word takes four instructions, and the jump on a match takes one.
	 */
	words = (net->bits + 31) / 32 < words ? (net->bits + 31) / 32 : words;
	miss = start + (size_t)words * 4 + 1;
	for (i = 0; i < words; i++) {
		bits = net->bits - 32 * i;
		memcpy(&word, net->address + (size_t)i * 4, sizeof(word));
		emit_load(c, BPF_W, offset + (int)i * 4);
		emit(c, BPF_ALU | BPF_AND | BPF_K, mask_word(bits));
		emit_unless(c, BPF_JEQ, ntohl(word) & mask_word(bits), miss);
	}
	emit_jump(c, label);
}

static void
emit_preview(struct compiler *c, int family)
{
	const struct target *t =
	    targets_find(&c->targets, c->plan->preview_generation);
	size_t i;

	for (i = 0; t != NULL && i < c->plan->npreview; i++)
		if (c->plan->preview[i].family == family)
			emit_net(c, &c->plan->preview[i], t->label);
}

/* The last entry in shares gets the lowest numbers, see steer.h. */
static void
emit_shares(struct compiler *c)
{
	const struct target *t, *last = NULL;
	unsigned int sum = 0;
	size_t i;

	c->labels[LABEL_SHARES] = c->n;
	if (c->plan->sticky) {
		emit(c, BPF_LD | BPF_MEM, KEY_ADDRESS);
		emit_mix(c);
	} else {
		emit(c, BPF_LD | BPF_W | BPF_ABS,
		    (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
	}
	emit(c, BPF_ALU | BPF_MOD | BPF_K, 100);
	for (i = c->plan->nshares; i-- > 0;) {
		t = targets_find(&c->targets, c->plan->shares[i].generation);
		if (t == NULL || t->percent == 0)
			continue;
		last = t;
		sum += t->percent;
		if (sum < 100)
			emit_unless(c, BPF_JGE, sum, t->label);
	}
	assert(last != NULL);
	emit_jump(c, last->label);
}

static void
emit_target(struct compiler *c, struct target *t)
{
	size_t i, nth = 0;

	t->label = c->n;
	if (t->nslots > 1) {
		emit(c, BPF_LD | BPF_MEM, KEY_ADDRESS);
		emit(c, BPF_ALU | BPF_MUL | BPF_K, GOLDEN);
		emit(c, BPF_LDX | BPF_MEM, KEY_PORT);
		emit(c, BPF_ALU | BPF_ADD | BPF_X, 0);
		emit_mix(c);
		emit(c, BPF_ALU | BPF_MOD | BPF_K, (uint32_t)t->nslots);
	}
	for (i = 0; i < c->nslots; i++) {
		if (!targets_leads_to(&c->slots[i], t->generation))
			continue;
		if (++nth < t->nslots)
			emit_compare(c, BPF_JEQ, (uint32_t)(nth - 1), false);
		emit(c, BPF_RET | BPF_K, (uint32_t)i);
	}
}

static void
emit_program(struct compiler *c)
{
	size_t i;

	c->n = 0;
	emit_load(c, BPF_B, 0); /* a dual-stack socket gets IPv4 packets too */
	emit(c, BPF_ALU | BPF_RSH | BPF_K, 4);
	emit_if(c, BPF_JEQ, 6, c->labels[LABEL_IN6]);

	emit_keys_in4(c);
	emit_directed_in4(c);
	emit_preview(c, AF_INET);
	emit_jump(c, c->labels[LABEL_SHARES]);

	c->labels[LABEL_IN6] = c->n;
	emit_keys_in6(c);
	emit_directed_in6(c);
	emit_preview(c, AF_INET6);

	emit_shares(c);
	for (i = 0; i < c->targets.n; i++)
		emit_target(c, &c->targets.list[i]);
}

ssize_t
steer_compile(const struct steer_plan *plan, const struct steer_slot *slots,
    size_t nslots, struct sock_filter *code, size_t max)
{
	struct compiler c = { .plan = plan, .slots = slots, .nslots = nslots };
	ssize_t n = -1;

	if (targets_init(&c.targets, plan, slots, nslots) == -1)
		return -1;
	emit_program(&c); /* finds the places of the labels */
	if (c.n > max) {
		errno = E2BIG;
		goto out;
	}
	c.code = code;
	c.max = max;
	emit_program(&c);
	n = (ssize_t)c.n;
out:
	targets_fini(&c.targets);
	return n;
}
