/* SPDX-License-Identifier: ISC */
/*
 * Steering of real sockets by the kernel: who gets connections and datagrams
 * while generations join and leave?  The test is the client and, with the
 * sockets that the listener lends, every server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arrival.h"
#include "both_kinds.h"
#include "traffic/inet.h"
#include "traffic/listener.h"
#include "filters.h"

#define NELEM(a)  (sizeof(a) / sizeof((a)[0]))
#define HIGHEST	  1200u /* the highest generation of a test */
#define DATAGRAMS 20000u
#define DEADLINE  5000 /* ms */
#define NOBODY	  0u

static struct address
parse(const char *text)
{
	struct address a;
	const char *why = "";

	if (address_parse(&a, text, &why) == -1)
		fail_msg("%s: %s", text, why);
	return a;
}

static struct listener *
listener_make(const char *text)
{
	struct address a = parse(text);
	struct listener *l = listener_new(NULL, &a, 128);
	listener_set_kind(l, kind_of_test);

	assert_non_null(l);
	return l;
}

static void
open_generation(struct listener *l, unsigned int generation)
{
	if (listener_open(l, generation) == -1)
		fail_msg("generation %u: %s", generation, strerror(errno));
}

static void
steer_all_to(struct listener *l, unsigned int generation)
{
	const struct steer_share share = { generation, 100 };
	const struct steer_plan plan = { .shares = &share, .nshares = 1 };

	assert_int_equal(listener_steer(l, &plan), 0);
}

static int
connect_to(const struct address *to, const struct address *source)
{
	struct linger reset = { .l_onoff = 1 };
	int fd, on = 1;

	fd = socket(to->sa.sa_family, to->type | SOCK_CLOEXEC, 0);
	assert_true(fd != -1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (source != NULL && bind(fd, &source->sa, source->len) == -1)
		fail_msg("bind: %s", strerror(errno));
	if (connect(fd, &to->sa, to->len) == -1)
		fail_msg("connect: %s", strerror(errno));
	if (to->type == SOCK_DGRAM)
		assert_int_equal(send(fd, "x", 1, 0), 1);
	return fd;
}

static unsigned int
look(const struct listener *l, unsigned int highest)
{
	struct pollfd p = { .events = POLLIN };
	const int *fds;
	unsigned int g;
	size_t i, n;
	char c;
	int fd;

	for (g = 1; g <= highest; g++) {
		fds = listener_sockets(l, g, &n);
		for (i = 0; i < n; i++) {
			p.fd = fds[i];
			if (poll(&p, 1, 0) != 1 || (p.revents & POLLIN) == 0)
				continue;
			if (listener_address(l)->type == SOCK_DGRAM) {
				assert_int_equal(recv(p.fd, &c, 1, 0), 1);
				return g;
			}
			if ((fd = accept(p.fd, NULL, NULL)) == -1)
				continue; /* it was shut down */
			close(fd);
			return g;
		}
	}
	return NOBODY;
}

/* Accept what comes in; which generation got it? */
static unsigned int
take(const struct listener *l, unsigned int highest)
{
	unsigned int g;

	return ARRIVES((g = look(l, highest)) != NOBODY) ? g : NOBODY;
}

/* The generation that a client from source reaches. */
static unsigned int
reached_from(const struct listener *l, const char *source)
{
	struct address to, from, directed;
	char text[64];
	unsigned int g;
	int fd;

	address_reach(listener_address(l), &to);
	snprintf(text, sizeof(text), "%s%s:0",
	    to.type == SOCK_DGRAM ? "udp:" : "", source);
	from = parse(text);
	if (from.sa.sa_family != to.sa.sa_family &&
	    listener_direct(l, 1, 0, &to, &directed) == -1)
		fail_msg("no way to %s", text);
	fd = connect_to(&to, &from);
	g = take(l, 9);
	close(fd);
	return g;
}

/* The generation that all directed sources of a generation reach. */
static unsigned int
reached_directly(const struct listener *l, unsigned int generation)
{
	struct address to, source;
	unsigned int n, g = NOBODY, first = NOBODY;
	int fd;

	for (n = 0; listener_direct(l, generation, n, &to, &source) == 0; n++) {
		fd = connect_to(&to, &source);
		g = take(l, generation > 9 ? generation : 9);
		close(fd);
		if (n == 0)
			first = g;
		assert_int_equal(g, first);
	}
	assert_int_equal(errno, ERANGE);
	return g;
}

static size_t
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static const char *const kinds[] = { "127.0.0.1:0", "0", "[::1]:0", "[::]:0",
	"udp:127.0.0.1:0", "udp:[::1]:0", "udp:[::]:0" };

static void
each_kind_of_address_is_directed_and_steered(void **state)
{
	struct listener *l;
	unsigned int g, to;
	size_t i;

	for (i = 0; i < NELEM(kinds); i++) {
		l = listener_make(kinds[i]);
		for (g = 1; g <= 3; g++)
			open_generation(l, g);
		/* The first generation serves until a plan says otherwise. */
		to = strchr(kinds[i], '[') != NULL &&
			strstr(kinds[i], "::]") == NULL
		    ? reached_from(l, "[::1]")
		    : reached_from(l, "127.0.0.1");
		assert_int_equal(to, 1);
		for (to = 1; to <= 3; to++) {
			steer_all_to(l, to);
			for (g = 1; g <= 3; g++)
				assert_int_equal(reached_directly(l, g), g);
			/* Without a socket here it is not directed. */
			assert_int_equal(reached_directly(l, 4), to);
		}
		listener_free(l);
	}
}

/* A dual-stack socket follows the same plan for both families. */
static void
dual_stack_serves_both_families_alike(void **state)
{
	struct listener *l = listener_make("[::]:0");
	struct address to, source;
	unsigned int g, i;
	char text[32];
	int fd;

	for (g = 1; g <= 2; g++)
		open_generation(l, g);
	assert_false(listener_v6only(l));
	for (g = 1; g <= 2; g++) {
		steer_all_to(l, g);
		snprintf(text, sizeof(text), "127.0.0.1:%u",
		    address_port(listener_address(l)));
		for (i = 0; i < 2; i++) {
			to = parse(text);
			fd = connect_to(&to, NULL);
			assert_int_equal(take(l, 2), g);
			close(fd);
			snprintf(text, sizeof(text), "[::1]:%u",
			    address_port(listener_address(l)));
		}
	}
	/* It is directed by IPv4 sources, and IPv6's still work. */
	assert_int_equal(listener_direct(l, 2, 0, &to, &source), 0);
	assert_int_equal(source.sa.sa_family, AF_INET);
	steer_all_to(l, 1);
	to = parse(text);
	assert_int_equal(address_directed(&to, true, 2, 0, &source), 0);
	fd = connect_to(&to, &source);
	assert_int_equal(take(l, 2), 2);
	close(fd);
	listener_free(l);
}

/* An address of this machine other than loopback, if there is one. */
static bool
other_local_address(char *text, size_t size)
{
	struct ifaddrs *all, *i;
	struct sockaddr_in *in;
	bool found = false;

	assert_int_equal(getifaddrs(&all), 0);
	for (i = all; i != NULL && !found; i = i->ifa_next) {
		in = (struct sockaddr_in *)i->ifa_addr;
		if (in == NULL || in->sin_family != AF_INET ||
		    ntohl(in->sin_addr.s_addr) >> 24 == 127)
			continue;
		snprintf(text, size, "%s:0", inet_ntoa(in->sin_addr));
		found = true;
	}
	freeifaddrs(all);
	return found;
}

static void
directed_sources_reach_servers_beyond_the_loopback(void **state)
{
	struct listener *l;
	char text[32];

	if (!other_local_address(text, sizeof(text)))
		skip();
	l = listener_make(text);
	open_generation(l, 1);
	open_generation(l, 2);
	assert_int_equal(reached_directly(l, 1), 1);
	assert_int_equal(reached_directly(l, 2), 2);
	listener_free(l);
}

static void
preview_networks_get_the_candidate(void **state)
{
	struct listener *l = listener_make("0");
	const struct steer_share shares[] = { { 1, 100 }, { 2, 0 } };
	struct steer_net net;
	const struct steer_plan plan = { .shares = shares,
		.nshares = 2,
		.preview = &net,
		.npreview = 1,
		.preview_generation = 2 };
	int i;

	assert_int_equal(steer_net_parse(&net, "127.9.0.0/16"), 0);
	open_generation(l, 1);
	open_generation(l, 2);
	assert_int_equal(listener_steer(l, &plan), 0);
	for (i = 0; i < 20; i++) {
		assert_int_equal(reached_from(l, "127.9.255.1"), 2);
		assert_int_equal(reached_from(l, "127.10.0.1"), 1);
	}
	listener_free(l);
}

/* Which of generations 1 and 2 has got a datagram? */
static unsigned int
receive(const struct listener *l)
{
	unsigned int g;
	size_t n;
	char c;

	for (g = 1; g <= 2; g++)
		if (recv(listener_sockets(l, g, &n)[0], &c, 1, MSG_DONTWAIT) ==
		    1)
			return g;
	return NOBODY;
}

/* Send a datagram as the n-th of many clients; returns who has got it. */
static unsigned int
datagram_from(struct listener *l, const struct address *to, unsigned int n)
{
	struct address source;
	const char *why;
	char text[64];
	unsigned int who = NOBODY;
	int fd;

	snprintf(
	    text, sizeof(text), "udp:127.2.%u.%u:0", n >> 8 & 255, n & 255);
	assert_int_equal(address_parse(&source, text, &why), 0);
	fd = connect_to(to, &source);
	assert_true(ARRIVES((who = receive(l)) != NOBODY));
	close(fd);
	return who;
}

/* A flow that is split is a lost session of QUIC, DTLS or a game. */
static void
datagrams_of_a_client_stay_together(void **state)
{
	const struct steer_share shares[] = { { 1, 70 }, { 2, 30 } };
	/* Each has a port of its own here: for eBPF that is another flow. */
	const struct steer_plan plan = { .shares = shares,
		.nshares = 2,
		.sticky = kind_of_test == KIND_EBPF };
	struct listener *l = listener_make("udp:127.0.0.1:0");
	unsigned int first[500], i, round;
	struct address to;

	open_generation(l, 1);
	open_generation(l, 2);
	assert_int_equal(listener_steer(l, &plan), 0);
	address_reach(listener_address(l), &to);
	for (i = 0; i < NELEM(first); i++)
		first[i] = datagram_from(l, &to, i);
	for (round = 0; round < 10; round++)
		for (i = 0; i < NELEM(first); i++)
			assert_int_equal(datagram_from(l, &to, i), first[i]);
	listener_free(l);
}

/* The number of many clients' datagrams that generation 2 gets. */
static unsigned int
count_share(struct listener *l, unsigned int percent)
{
	const struct steer_share shares[] = { { 1, 100 - percent },
		{ 2, percent } };
	const struct steer_plan plan = { .shares = shares, .nshares = 2 };
	static unsigned int client;
	unsigned int i, hits = 0;
	struct address to;

	assert_int_equal(listener_steer(l, &plan), 0);
	address_reach(listener_address(l), &to);
	for (i = 0; i < DATAGRAMS; i++)
		hits += datagram_from(l, &to, client++) == 2;
	return hits;
}

/*
 * By chance one of 370 results is beyond three standard deviations: a failure
 * must come twice in a row.
 */
static void
shares_are_kept_by_the_kernel(void **state)
{
	static const unsigned int percents[] = { 1, 5, 25, 50, 99 };
	struct listener *l = listener_make("udp:127.0.0.1:0");
	unsigned int hits = 0, tries;
	double p, mean, miss;
	size_t i;

	open_generation(l, 1);
	open_generation(l, 2);
	for (i = 0; i < NELEM(percents); i++) {
		p = percents[i] / 100.0;
		mean = DATAGRAMS * p;
		for (tries = 0; tries < 2; tries++) {
			hits = count_share(l, percents[i]);
			miss = hits - mean;
			if (miss * miss <= 9 * mean * (1 - p))
				break;
		}
		if (tries == 2)
			fail_msg("%u %% gave %u", percents[i], hits);
	}
	assert_int_equal(count_share(l, 0), 0);
	assert_int_equal(count_share(l, 100), DATAGRAMS);
	listener_free(l);
}

static void
sticky_clients_stay_and_never_go_back(void **state)
{
	struct listener *l = listener_make("127.0.0.1:0");
	struct steer_share shares[] = { { 1, 100 }, { 2, 0 } };
	struct steer_plan plan = {
		.shares = shares, .nshares = 2, .sticky = true
	};
	unsigned int before[100], now, i, moved = 0;
	char source[32];

	open_generation(l, 1);
	open_generation(l, 2);
	for (i = 0; i < NELEM(before); i++)
		before[i] = 1;
	for (; shares[1].percent <= 100; shares[1].percent += 25) {
		shares[0].percent = 100 - shares[1].percent;
		assert_int_equal(listener_steer(l, &plan), 0);
		for (i = 0; i < NELEM(before); i++) {
			snprintf(
			    source, sizeof(source), "127.1.%u.%u", i % 7, i);
			now = reached_from(l, source);
			assert_int_equal(now, reached_from(l, source));
			assert_true(now >= before[i]);
			moved += now != before[i];
			before[i] = now;
		}
		if (shares[1].percent == 50)
			assert_in_range(moved, 30, 70);
	}
	assert_int_equal(moved, NELEM(before));
	listener_free(l);
}

/* As a program does with SO_REUSEPORT sockets of its own, up to listen(2). */
static int
worker_socket(const struct listener *l)
{
	const struct address *a = listener_address(l);
	int fd, on = 1;

	fd = socket(a->sa.sa_family, a->type | SOCK_CLOEXEC, 0);
	assert_true(fd != -1);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (a->type == SOCK_STREAM)
		assert_int_equal(bind(fd, &a->sa, a->len), 0);
	return fd;
}

static void
adopt(struct listener *l, unsigned int generation, size_t workers)
{
	while (workers-- > 0)
		if (listener_adopt(l, generation, worker_socket(l)) == -1)
			fail_msg("adopt: %s", strerror(errno));
}

/* Which of the three sockets has something? */
static int
count_waiting(const int *fds, unsigned int *hits)
{
	struct pollfd p = { .events = POLLIN };
	int n, count = 0;

	for (n = 0; n < 3; n++) {
		p.fd = fds[n];
		if (poll(&p, 1, 0) != 1)
			continue;
		hits[n]++;
		count++;
	}
	return count;
}

static void
workers_of_a_generation_all_get_connections(void **state)
{
	static const char *const addresses[] = { "127.0.0.1:0",
		"udp:127.0.0.1:0" };
	struct listener *l;
	unsigned int hits[3], i;
	struct address to;
	size_t k, n;
	const int *fds;
	int client;

	for (k = 0; k < NELEM(addresses); k++) {
		l = listener_make(addresses[k]);
		open_generation(l, 1);
		adopt(l, 2, 3);
		steer_all_to(l, 2);
		memset(hits, 0, sizeof(hits));
		fds = listener_sockets(l, 2, &n);
		assert_int_equal(n, 3);
		address_reach(listener_address(l), &to);
		for (i = 0; i < 300; i++) {
			client = connect_to(&to, NULL);
			assert_true(ARRIVES(count_waiting(fds, hits) > 0));
			assert_int_equal(take(l, 2), 2);
			close(client);
		}
		assert_int_equal(hits[0] + hits[1] + hits[2], 300);
		for (n = 0; n < 3; n++)
			assert_in_range(hits[n], 60, 140);
		listener_free(l);
	}
}

/* How programs end; CRASHED: nobody knew it beforehand. */
enum departure { CLOSED, SHUT_BEFORE, SHUT_AFTER, CRASHED, NDEPARTURES };

/* A program shuts its sockets down itself, the last one first. */
static void
shut_down(const struct listener *l, unsigned int generation)
{
	const int *fds;
	size_t n;

	fds = listener_sockets(l, generation, &n);
	while (n-- > 0)
		assert_int_equal(shutdown(fds[n], SHUT_RDWR), 0);
}

static void
assert_all_reached(const struct listener *l, const bool *there, unsigned int to)
{
	unsigned int g, i;

	for (i = 0; i < 4; i++)
		assert_int_equal(reached_from(l, "127.0.0.1"), to);
	for (g = 1; g <= 4; g++)
		assert_int_equal(reached_directly(l, g), there[g] ? g : to);
}

/* Three generations; there says which exist. */
static struct listener *
three_generations(size_t workers, bool there[5])
{
	struct listener *l = listener_make("127.0.0.1:0");
	unsigned int g;

	open_generation(l, 1);
	adopt(l, 1, workers - 1);
	for (g = 2; g <= 3; g++)
		adopt(l, g, workers);
	for (g = 0; g <= 4; g++)
		there[g] = g >= 1 && g <= 3;
	return l;
}

static void
prepare(struct listener *l, unsigned int generation, bool *there)
{
	assert_int_not_equal(listener_prepare_leave(l, generation), -1);
	there[generation] = false;
}

/* The first two of order leave in turn; 4 joins while the first leaves. */
static void
leave_in_order(
    const unsigned int *order, size_t workers, enum departure departure)
{
	bool there[5];
	struct listener *l = three_generations(workers, there);
	unsigned int g, stays = order[2];
	size_t i;

	steer_all_to(l, stays);
	for (i = 0; i < 2; i++) {
		g = order[i];
		if (departure == SHUT_BEFORE)
			shut_down(l, g);
		if (departure != CRASHED)
			prepare(l, g, there);
		if (departure == SHUT_AFTER)
			shut_down(l, g);
		assert_all_reached(l, there, stays);
		if (i == 0) {
			adopt(l, 4, workers);
			there[4] = true;
			assert_all_reached(l, there, stays);
		}
		listener_leave(l, g);
		there[g] = false;
		assert_all_reached(l, there, stays);
	}
	listener_free(l);
}

/* They leave together, the second's sockets first. */
static void
leave_together(
    const unsigned int *order, size_t workers, enum departure departure)
{
	bool there[5];
	struct listener *l = three_generations(workers, there);
	unsigned int stays = order[2];
	size_t i;

	steer_all_to(l, stays);
	for (i = 0; i < 2 && departure != CRASHED; i++)
		prepare(l, order[i], there);
	assert_all_reached(l, there, stays);
	for (i = 0; i < 2 && departure == SHUT_AFTER; i++) {
		shut_down(l, order[1 - i]);
		assert_all_reached(l, there, stays);
	}
	for (i = 0; i < 2; i++) {
		listener_leave(l, order[i]);
		there[order[i]] = false;
		assert_all_reached(l, there, stays);
	}
	adopt(l, 4, workers);
	there[4] = true;
	assert_all_reached(l, there, stays);
	listener_free(l);
}

static void
generations_leave_in_every_order(void **state)
{
	static const unsigned int orders[][3] = { { 1, 2, 3 }, { 1, 3, 2 },
		{ 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } };
	size_t i, before = open_descriptors();
	unsigned int d;

	for (i = 0; i < NELEM(orders) * NDEPARTURES; i++) {
		d = i % NDEPARTURES;
		leave_in_order(orders[i / NDEPARTURES], 1, d);
		leave_in_order(orders[i / NDEPARTURES], 3, d);
		leave_together(orders[i / NDEPARTURES], 1, d);
		leave_together(orders[i / NDEPARTURES], 3, d);
	}
	assert_int_equal(open_descriptors(), before);
}

static bool
is_hidden(const struct listener *l, unsigned int generation)
{
	size_t n;

	return inet_is_hidden(listener_sockets(l, generation, &n)[0]);
}

/* The kernel puts a socket into a group only by one that is not hidden. */
static void
one_that_joins_hidden_ones_is_reached(void **state)
{
	bool there[5] = { [1] = true, [2] = true };
	struct listener *l = listener_make("127.0.0.1:0");

	open_generation(l, 1);
	adopt(l, 2, 1);
	steer_all_to(l, 2);
	prepare(l, 1, there);
	assert_true(is_hidden(l, 1));
	assert_false(is_hidden(l, 2));
	/* It serves no longer, and nobody has said so. */
	shut_down(l, 2);
	adopt(l, 3, 1);
	adopt(l, 4, 1);
	steer_all_to(l, 3);
	there[2] = false;
	there[3] = there[4] = true;
	assert_all_reached(l, there, 3);
	listener_leave(l, 1);
	listener_leave(l, 2);
	assert_all_reached(l, there, 3);
	listener_free(l);
}

static void
the_last_that_serves_is_not_hidden(void **state)
{
	struct listener *l = listener_make("127.0.0.1:0");

	open_generation(l, 1);
	assert_int_not_equal(listener_prepare_leave(l, 1), -1);
	assert_false(is_hidden(l, 1));
	assert_int_equal(reached_from(l, "127.0.0.1"), 1);
	listener_free(l);
}

/* Many upgrades, while one generation is parked or draining. */
static void
upgrade_often(const char *address, size_t workers, enum departure departure)
{
	struct listener *l = listener_make(address);
	size_t descriptors = 0;
	unsigned int g, i;

	open_generation(l, 1);
	steer_all_to(l, 1);
	for (g = 2; g <= HIGHEST; g++) {
		if (workers == 1)
			open_generation(l, g);
		else
			adopt(l, g, workers);
		for (i = 0; i < 2; i++)
			assert_int_equal(reached_directly(l, g - i), g - i);
		steer_all_to(l, g);
		if (g > 2) {
			assert_int_not_equal(
			    listener_prepare_leave(l, g - 2), -1);
			if (departure != CLOSED)
				shut_down(l, g - 2);
			listener_leave(l, g - 2);
		}
		if (g == 20)
			descriptors = open_descriptors();
		if (g > 20)
			assert_in_range(
			    open_descriptors(), 0, descriptors + workers);
	}
	listener_leave(l, HIGHEST - 1);
	listener_leave(l, HIGHEST);
	listener_free(l);
}

static void
placeholders_stay_few_over_many_upgrades(void **state)
{
	size_t before = open_descriptors();

	upgrade_often("127.0.0.1:0", 1, CLOSED);
	upgrade_often("127.0.0.1:0", 1, SHUT_AFTER);
	upgrade_often("127.0.0.1:0", 2, SHUT_AFTER);
	if (can_filter()) /* a key knows only IPv4, traffic/sieve.h */
		upgrade_often("[::1]:0", 2, SHUT_AFTER);
	upgrade_often("udp:127.0.0.1:0", 1, CLOSED);
	assert_int_equal(open_descriptors(), before);
}

/* Let nothing be opened any more, or let it again. */
static void
limit_descriptors(bool none)
{
	struct rlimit limit;
	int fd = dup(0);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = none ? (rlim_t)fd : limit.rlim_max;
	if (fd != -1)
		close(fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* The kernel frees the maps of what failed a moment later. */
static void
what_lacks_descriptors_once_is_steered_as_asked_later(void **state)
{
	struct listener *l = listener_make("127.0.0.1:0");
	useconds_t pause;

	open_generation(l, 1);
	open_generation(l, 2);
	limit_descriptors(true);
	steer_all_to(l, 1);
	limit_descriptors(false);
	assert_int_equal(listener_kind(l), KIND_CLASSIC);
	assert_int_equal(reached_from(l, "127.0.0.1"), 1);
	for (pause = 10000; pause < 1000000; pause *= 2) {
		usleep(pause);
		steer_all_to(l, 2);
		if (listener_kind(l) == kind_of_test)
			break;
	}
	assert_int_equal(listener_kind(l), kind_of_test);
	assert_int_equal(reached_from(l, "127.0.0.1"), 2);
	listener_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_address_is_directed_and_steered),
		cmocka_unit_test(dual_stack_serves_both_families_alike),
		cmocka_unit_test(
		    directed_sources_reach_servers_beyond_the_loopback),
		cmocka_unit_test(preview_networks_get_the_candidate),
		cmocka_unit_test(shares_are_kept_by_the_kernel),
		cmocka_unit_test(datagrams_of_a_client_stay_together),
		cmocka_unit_test(sticky_clients_stay_and_never_go_back),
		cmocka_unit_test(workers_of_a_generation_all_get_connections),
		cmocka_unit_test(generations_leave_in_every_order),
		cmocka_unit_test(one_that_joins_hidden_ones_is_reached),
		cmocka_unit_test(the_last_that_serves_is_not_hidden),
		cmocka_unit_test(
		    what_lacks_descriptors_once_is_steered_as_asked_later),
		cmocka_unit_test(placeholders_stay_few_over_many_upgrades),
	};

	return RUN_BOTH_KINDS(tests);
}
