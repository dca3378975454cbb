/* SPDX-License-Identifier: ISC */
/*
 * Measures what steering costs a connection: how long connect(2), accept(2) and
 * close(2) take at an address with one socket and no steering, and at addresses
 * with two sockets and a classic or the eBPF program.  The three are measured
 *in turn, and the times of each round are compared.
 *
 *	steering_cost [ROUNDS [CONNECTIONS]]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "traffic/ebpf.h"
#include "traffic/listener.h"

#define MOST 1000 /* rounds at most */

enum { BARE, CLASSIC, EBPF, KINDS };

static const char *const names[KINDS] = { "bare", "classic", "ebpf" };

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* One socket with no steering; otherwise two, the second without a share. */
static struct listener *
open_listener(int kind)
{
	const struct steer_share share = { 1, 100 };
	const struct steer_plan plan = { .shares = &share, .nshares = 1 };
	struct address address;
	struct listener *l;
	const char *why;

	if (address_parse(&address, "127.0.0.1:0", &why) == -1 ||
	    (l = listener_new(NULL, &address, 128)) == NULL)
		fail("listener");
	listener_set_kind(l, kind == EBPF ? KIND_EBPF : KIND_CLASSIC);
	if (listener_open(l, 1) == -1)
		fail("socket");
	if (kind == BARE)
		return l;
	if (listener_open(l, 2) == -1 || listener_steer(l, &plan) == -1)
		fail("steering");
	if (kind == EBPF && listener_kind(l) != KIND_EBPF)
		fail("eBPF");
	return l;
}

static void
connect_once(const struct address *to, int server)
{
	const struct linger reset = { .l_onoff = 1 };
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(client, &to->sa, to->len) == -1)
		fail("connect");
	if ((fd = accept(server, NULL, NULL)) == -1)
		fail("accept");
	close(client);
	close(fd);
}

static double
measure(const struct listener *l, unsigned int n)
{
	struct address to;
	size_t count;
	int server = listener_sockets(l, 1, &count)[0];
	double began = now_ms();

	address_reach(listener_address(l), &to);
	while (n-- > 0)
		connect_once(&to, server);
	return now_ms() - began;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
tell(int kind, double *ratios, size_t rounds)
{
	qsort(ratios, rounds, sizeof(*ratios), compare);
	printf("%-8s connections a second against bare: median %.3f, "
	       "%.3f to %.3f\n",
	    names[kind], ratios[rounds / 2], ratios[rounds / 10],
	    ratios[rounds - 1 - rounds / 10]);
}

int
main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 600, i;
	unsigned int n =
	    argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 100;
	static double ratios[KINDS][MOST];
	struct listener *listeners[KINDS];
	char why[EBPF_WHY];
	int kinds = KINDS, kind;
	double took[KINDS];

	if (rounds < 1 || rounds > MOST)
		return 64;
	if (ebpf_try(why, sizeof(why)) == -1) {
		printf("without eBPF: %s\n", why);
		kinds = EBPF;
	}
	for (kind = 0; kind < kinds; kind++)
		listeners[kind] = open_listener(kind);
	for (kind = 0; kind < kinds; kind++)
		measure(listeners[kind], n); /* warm up */
	for (i = 0; i < rounds; i++) {
		for (kind = 0; kind < kinds; kind++)
			took[kind] = measure(listeners[kind], n);
		for (kind = CLASSIC; kind < kinds; kind++)
			ratios[kind][i] = took[BARE] / took[kind];
	}
	printf("%zu rounds of %u connections\n", rounds, n);
	for (kind = CLASSIC; kind < kinds; kind++)
		tell(kind, ratios[kind], rounds);
	for (kind = 0; kind < kinds; kind++)
		listener_free(listeners[kind]);
	return 0;
}
