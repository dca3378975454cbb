/* SPDX-License-Identifier: ISC */
/*
 * The compiled programs, run by an interpreter of classic BPF with packets made
 * here: which generation gets the connection?  steering_test.c shows that the
 * kernel runs them alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/steer.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))
#define CLIENTS	 20000u

static struct sock_filter code[BPF_MAXINSNS];
static size_t ncode;

/* A packet from its network header on. */
struct packet {
	unsigned char net[64];
};

/* Random numbers with a fixed seed: a test always passes, or never. */
static uint32_t
draw(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 32);
}

static struct packet
packet_make(const char *source, unsigned int port)
{
	struct packet p = { { 0 } };
	size_t header = 20;

	if (strchr(source, ':') == NULL) {
		p.net[0] = 0x46; /* with four bytes of options */
		header = 24;
		assert_int_equal(inet_pton(AF_INET, source, p.net + 12), 1);
	} else {
		p.net[0] = 0x60;
		header = 40;
		assert_int_equal(inet_pton(AF_INET6, source, p.net + 8), 1);
	}
	p.net[header] = (unsigned char)(port >> 8);
	p.net[header + 1] = (unsigned char)port;
	return p;
}

static uint32_t
packet_load(const struct packet *p, unsigned int size, uint32_t at)
{
	unsigned int bytes = size == BPF_W ? 4 : size == BPF_H ? 2 : 1, i;
	uint32_t offset = at - (uint32_t)SKF_NET_OFF, value = 0;

	if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM))
		return draw();
	assert_in_range(offset, 0, sizeof(p->net) - bytes);
	for (i = 0; i < bytes; i++)
		value = value << 8 | p->net[offset + i];
	return value;
}

static uint32_t
alu(unsigned int op, uint32_t a, uint32_t b)
{
	/* The kernel refuses to load this; the check is for analysers. */
	if ((b == 0 && (op == BPF_DIV || op == BPF_MOD)) ||
	    (b > 31 && op == BPF_RSH)) {
		fail_msg("operand %u", b);
		return 0;
	}
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return a / b;
	case BPF_MOD:
		return a % b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_RSH:
		return a >> b;
	default:
		fail_msg("operation %#x", op);
		return 0;
	}
}

static uint32_t
load(const struct packet *p, const struct sock_filter *f, uint32_t x,
    const uint32_t *mem)
{
	switch (BPF_MODE(f->code)) {
	case BPF_ABS:
		return packet_load(p, BPF_SIZE(f->code), f->k);
	case BPF_IND:
		return packet_load(p, BPF_SIZE(f->code), f->k + x);
	case BPF_MSH:
		return 4 * (packet_load(p, BPF_B, f->k) & 0xf);
	case BPF_MEM:
		return mem[f->k];
	default:
		fail_msg("load %#x", f->code);
		return 0;
	}
}

/* The index that the program returns for a packet. */
static uint32_t
run(struct packet p)
{
	uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = { 0 }, operand;
	const struct sock_filter *f;
	size_t pc;

	for (pc = 0; pc < ncode; pc++) {
		f = &code[pc];
		operand = BPF_SRC(f->code) == BPF_X ? x : f->k;
		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			a = load(&p, f, x, mem);
			break;
		case BPF_LDX:
			x = load(&p, f, x, mem);
			break;
		case BPF_ST:
			mem[f->k] = a;
			break;
		case BPF_ALU:
			a = alu(BPF_OP(f->code), a, operand);
			break;
		case BPF_JMP:
			if (BPF_OP(f->code) == BPF_JA)
				pc += f->k;
			else if (BPF_OP(f->code) == BPF_JEQ)
				pc += a == operand ? f->jt : f->jf;
			else
				pc += a >= operand ? f->jt : f->jf;
			break;
		case BPF_MISC:
			x = a;
			break;
		default:
			assert_int_equal(f->code, BPF_RET | BPF_K);
			return f->k;
		}
	}
	fail_msg("ran off the end");
	return 0;
}

static uint32_t
from(const char *source, unsigned int port)
{
	return run(packet_make(source, port));
}

static void
compile(
    const struct steer_plan *plan, const unsigned int *generations, size_t n)
{
	struct steer_slot *slots = calloc(n, sizeof(*slots));
	ssize_t length;
	size_t i;

	assert_non_null(slots);
	for (i = 0; i < n; i++)
		slots[i].generation = generations[i];
	length = steer_compile(plan, slots, n, code, NELEM(code));
	free(slots);
	if (length == -1)
		fail_msg("steer_compile: %s", strerror(errno));
	ncode = (size_t)length;
}

static struct packet
client(int family, uint32_t number)
{
	char text[INET6_ADDRSTRLEN];

	if (family == AF_INET)
		snprintf(text, sizeof(text), "10.%u.%u.%u", number >> 16,
		    number >> 8 & 0xff, number & 0xff);
	else
		snprintf(text, sizeof(text), "2001:db8:%x:%x::1", number & 0xff,
		    number >> 8);
	return packet_make(text, 1024 + number % 60000);
}

/* Within three standard deviations; a deviation squared is the variance. */
static void
assert_share(unsigned int hits, unsigned int percent)
{
	double p = percent / 100.0, mean = CLIENTS * p;

	if ((hits - mean) * (hits - mean) > 9 * mean * (1 - p))
		fail_msg("%u %% gave %u of %u", percent, hits, CLIENTS);
}

static void
shares_are_kept_at_random_and_by_address(void **state)
{
	static const unsigned int percents[] = { 1, 5, 25, 50, 99 };
	static const int families[] = { AF_INET, AF_INET6 };
	static const unsigned int slots[] = { 1, 2 };
	unsigned int hits;
	size_t i, f, sticky;
	uint32_t n;

	for (i = 0; i < NELEM(percents) * NELEM(families) * 2; i++) {
		f = i / NELEM(percents) % 2;
		sticky = i / NELEM(percents) / 2;
		struct steer_share shares[] = {
			{ 1, 100 - percents[i % NELEM(percents)] },
			{ 2, percents[i % NELEM(percents)] },
		};
		struct steer_plan plan = {
			.shares = shares, .nshares = 2, .sticky = sticky
		};

		compile(&plan, slots, 2);
		for (hits = 0, n = 0; n < CLIENTS; n++)
			hits += run(client(families[f], n * 5));
		assert_share(hits, shares[1].percent);
	}
}

static void
a_growing_share_never_gives_a_client_back(void **state)
{
	static const unsigned int slots[] = { 1, 2 };
	struct steer_share shares[] = { { 1, 100 }, { 2, 0 } };
	struct steer_plan plan = {
		.shares = shares, .nshares = 2, .sticky = true
	};
	char *moved = calloc(CLIENTS, 1);
	uint32_t n, index;

	assert_non_null(moved);
	for (; shares[1].percent <= 100; shares[1].percent += 20) {
		shares[0].percent = 100 - shares[1].percent;
		compile(&plan, slots, 2);
		for (n = 0; n < CLIENTS; n++) {
			index = run(client(AF_INET, n));
			assert_int_equal(index, run(client(AF_INET, n)));
			assert_true(index >= (uint32_t)moved[n]);
			moved[n] = (char)index;
		}
	}
	for (n = 0; n < CLIENTS; n++)
		assert_int_equal(moved[n], 1);
	free(moved);
}

/* Networks whose addresses differ only in their high bits. */
static void
sticky_hashes_every_bit_of_an_address(void **state)
{
	static const unsigned int slots[] = { 1, 2 };
	struct steer_share shares[] = { { 1, 90 }, { 2, 10 } };
	struct steer_plan plan = {
		.shares = shares, .nshares = 2, .sticky = true
	};
	struct packet p = packet_make("2001:db8::1", 1);
	unsigned int byte, value, hits;

	compile(&plan, slots, 2);
	for (byte = 0; byte < 16; byte++) {
		for (hits = 0, value = 0; value < 256; value++) {
			p.net[8 + byte] = (unsigned char)value;
			hits += run(p);
		}
		p.net[8 + byte] = 0;
		assert_in_range(hits, 10, 45);
	}
}

static void
directed_sources_come_first(void **state)
{
	static const unsigned int slots[] = { 1, 0, 7, 300 };
	struct steer_share shares[] = { { 1, 100 } };
	struct steer_net everybody[2];
	struct steer_plan plan = { .shares = shares,
		.nshares = 1,
		.preview = everybody,
		.npreview = 2,
		.preview_generation = 1 };

	assert_int_equal(steer_net_parse(&everybody[0], "0.0.0.0/0"), 0);
	assert_int_equal(steer_net_parse(&everybody[1], "::/0"), 0);
	compile(&plan, slots, 4);
	assert_int_equal(from("127.83.0.1", 40000), 0);
	assert_int_equal(from("127.83.0.7", 40000), 2);
	assert_int_equal(from("127.83.1.44", 40000), 3);
	assert_int_equal(from("127.84.0.7", 40000), 0);
	assert_int_equal(from("::1", STEER_PORT_BASE + 7 * STEER_PORTS), 2);
	assert_int_equal(
	    from("::1", STEER_PORT_BASE + 7 * STEER_PORTS + 15), 2);
	assert_int_equal(from("::1", STEER_PORT_BASE + 8 * STEER_PORTS), 0);
	assert_int_equal(from("::1", STEER_PORT_BASE + 44 * STEER_PORTS), 3);
	assert_int_equal(from("::1", 7 * STEER_PORTS), 0);
	assert_int_equal(from("::2", STEER_PORT_BASE + 7 * STEER_PORTS), 0);
	assert_int_equal(from("1::1", STEER_PORT_BASE + 7 * STEER_PORTS), 0);
	/* Generation 0 is for placeholders: no program has it. */
	assert_int_equal(from("127.83.0.0", 40000), 0);
	assert_int_equal(from("127.83.0.9", 40000), 0);
}

static void
of_two_generations_with_one_number_the_newer_is_meant(void **state)
{
	static const unsigned int slots[] = { 2, 65538, 65536 + 1, 1 };
	struct steer_share shares[] = { { 1, 100 } };
	struct steer_plan plan = { .shares = shares, .nshares = 1 };

	compile(&plan, slots, 4);
	assert_int_equal(from("127.83.0.2", 1), 1);
	assert_int_equal(from("127.83.0.1", 1), 2);
	assert_int_equal(from("::1", STEER_PORT_BASE + 2 * STEER_PORTS), 1);
}

static void
preview_networks_see_the_candidate(void **state)
{
	static const struct {
		const char *net, *in, *out;
	} rows[] = {
		{ "10.1.0.0/16", "10.1.255.255", "10.2.0.0" },
		{ "10.1.2.3", "10.1.2.3", "10.1.2.2" },
		{ "10.1.2.3/8", "10.255.0.1", "11.1.2.3" },
		{ "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1" },
		{ "2001:db8:1:2::/65",
		    "2001:db8:1:2:7fff::", "2001:db8:1:2:8000::" },
		{ "2001:db8::/64", "2001:db8::ffff:1", "2001:db8:0:1::" },
		{ "::2", "::2", "::3" },
		{ "0.0.0.0/0", "9.9.9.9", "2001:db8::1" },
		{ "::/0", "2001:db8::1", "9.9.9.9" },
	};
	static const unsigned int slots[] = { 1, 2 }, absent[] = { 1 };
	struct steer_share shares[] = { { 1, 100 }, { 2, 0 } };
	struct steer_net nets[2];
	struct steer_plan plan = { .shares = shares,
		.nshares = 2,
		.preview = nets,
		.npreview = 2,
		.preview_generation = 2 };
	size_t i;

	assert_int_equal(steer_net_parse(&nets[0], "192.0.2.1"), 0);
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(steer_net_parse(&nets[1], rows[i].net), 0);
		compile(&plan, slots, 2);
		assert_int_equal(from(rows[i].in, 1), 1);
		assert_int_equal(from(rows[i].out, 1), 0);
		assert_int_equal(from("192.0.2.1", 1), 1);
		compile(&plan, absent, 1);
		assert_int_equal(from(rows[i].in, 1), 0);
	}
}

static void
several_sockets_of_one_generation_share_by_client(void **state)
{
	static const unsigned int slots[] = { 2, 1, 0, 2, 2, 1 };
	static const int families[] = { AF_INET, AF_INET6 };
	struct steer_share shares[] = { { 1, 0 }, { 2, 100 } };
	struct steer_plan plan = { .shares = shares, .nshares = 2 };
	unsigned int hits[NELEM(slots)];
	uint32_t n, index;
	size_t f;

	compile(&plan, slots, NELEM(slots));
	for (f = 0; f < NELEM(families); f++) {
		memset(hits, 0, sizeof(hits));
		for (n = 0; n < CLIENTS; n++) {
			index = run(client(families[f], n));
			assert_int_equal(index, run(client(families[f], n)));
			hits[index]++;
		}
		assert_int_equal(hits[1] + hits[2] + hits[5], 0);
		assert_in_range(
		    hits[0], CLIENTS * 31 / 100, CLIENTS * 36 / 100);
		assert_in_range(
		    hits[3], CLIENTS * 31 / 100, CLIENTS * 36 / 100);
	}
	/* The connections of one client differ in their ports. */
	memset(hits, 0, sizeof(hits));
	for (n = 1024; n < 1324; n++)
		hits[from("10.0.0.1", n)]++;
	assert_in_range(hits[3], 70, 130);
	/* Directed connections are spread over its sockets, too. */
	memset(hits, 0, sizeof(hits));
	for (n = 1024; n < 1124; n++)
		hits[from("127.83.0.1", n)]++;
	assert_int_equal(hits[1] + hits[5], 100);
	assert_in_range(hits[1], 30, 70);
}

static void
the_share_of_the_absent_goes_to_the_greatest(void **state)
{
	static const unsigned int slots[] = { 1, 2 };
	struct steer_share shares[] = { { 1, 20 }, { 2, 30 }, { 3, 50 } };
	struct steer_plan plan = { .shares = shares, .nshares = 3 };
	unsigned int hits = 0;
	uint32_t n;

	compile(&plan, slots, 2);
	for (n = 0; n < CLIENTS; n++)
		hits += run(client(AF_INET, n));
	assert_share(hits, 80);
}

static void
what_cannot_be_compiled_is_refused(void **state)
{
	struct steer_slot slots[] = { { 1, 0 }, { 0, 0 }, { 2, 0 } };
	struct steer_share shares[] = { { 1, 0 }, { 3, 100 } };
	struct steer_plan plan = { .shares = shares, .nshares = 2 };

	errno = 0;
	assert_int_equal(steer_compile(&plan, slots, 3, code, NELEM(code)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(steer_compile(&plan, slots, 0, code, NELEM(code)), -1);
	shares[0].percent = 100;
	assert_int_equal(steer_compile(&plan, slots, 3, code, 4), -1);
	assert_int_equal(errno, E2BIG);
}

/* A jump goes over far more than 255 instructions. */
static void
long_programs_are_right_to_their_last_block(void **state)
{
	unsigned int slots[400], i;
	struct steer_share shares[] = { { 1, 100 } };
	struct steer_plan plan = { .shares = shares, .nshares = 1 };
	char source[32];

	for (i = 0; i < NELEM(slots); i++)
		slots[i] = i + 1;
	compile(&plan, slots, NELEM(slots));
	for (i = 0; i < NELEM(slots); i++) {
		snprintf(source, sizeof(source), "127.83.%u.%u", slots[i] >> 8,
		    slots[i] & 0xff);
		assert_int_equal(from(source, 1), i);
	}
	for (i = 0; i < NELEM(slots); i++)
		slots[i] = 1;
	compile(&plan, slots, NELEM(slots));
	for (i = 0; i < 1000; i++)
		assert_in_range(run(client(AF_INET, i)), 0, NELEM(slots) - 1);
}

static void
networks_are_read_or_refused(void **state)
{
	static const char *const bad[] = { "", "10.0.0.0/33", "10.0.0.0/",
		"10.0.0.0/x", "10.0.0/8", "::/129", "::g", "1.2.3.4/8/8",
		"10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/99999999999",
		"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000/1" };
	struct steer_net net;
	size_t i;

	for (i = 0; i < NELEM(bad); i++) {
		errno = 0;
		assert_int_equal(steer_net_parse(&net, bad[i]), -1);
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(steer_net_parse(&net, "::1"), 0);
	assert_int_equal(net.bits, 128);
	assert_int_equal(net.family, AF_INET6);
	assert_int_equal(steer_net_parse(&net, "10.0.0.0/32"), 0);
	assert_int_equal(net.bits, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_kept_at_random_and_by_address),
		cmocka_unit_test(a_growing_share_never_gives_a_client_back),
		cmocka_unit_test(sticky_hashes_every_bit_of_an_address),
		cmocka_unit_test(directed_sources_come_first),
		cmocka_unit_test(
		    of_two_generations_with_one_number_the_newer_is_meant),
		cmocka_unit_test(preview_networks_see_the_candidate),
		cmocka_unit_test(
		    several_sockets_of_one_generation_share_by_client),
		cmocka_unit_test(the_share_of_the_absent_goes_to_the_greatest),
		cmocka_unit_test(what_cannot_be_compiled_is_refused),
		cmocka_unit_test(long_programs_are_right_to_their_last_block),
		cmocka_unit_test(networks_are_read_or_refused),
	};

	return cmocka_run_group_tests_name("steer", tests, NULL, NULL);
}
