/* SPDX-License-Identifier: ISC */
/*
 * Generations join and leave under live traffic.  Threads are the clients and
 * the servers; the test is the supervisor.  No connection may fail, and none
 * may reach a generation while it has no share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "arrival.h"
#include "both_kinds.h"
#include "traffic/grace.h"
#include "traffic/listener.h"

#define NELEM(a)    (sizeof(a) / sizeof((a)[0]))
#define GENERATIONS 8
#define CLIENTS	    3
#define WORKERS_MAX 2
#define DEADLINE_MS 60000
#define FEW	    50 /* leave after one grace period */

/* A program ends with its sockets, shuts them down before, or crashes. */
enum departure { END, SHUT_DOWN, CRASH };

/* A program: it accepts on its sockets and answers with its generation. */
struct server {
	pthread_t thread;
	unsigned int generation;
	struct pollfd fds[WORKERS_MAX + 1]; /* the last one tells it to stop */
	size_t n;
	bool shuts_down; /* its sockets, when it has to stop */
};

static struct address where;
static atomic_bool clients_stop;
static atomic_uint answers[GENERATIONS]; /* by generation */
static atomic_uint total, refused, others;
static atomic_uint made[CLIENTS]; /* connections that are counted, by client */
static atomic_uint repeated;	  /* a SYN was not answered, and sent again */

static void
count_failure(int error)
{
	atomic_fetch_add(error == ECONNREFUSED ? &refused : &others, 1);
}

static void
count_repetition(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	if (info.tcpi_total_retrans > 0)
		atomic_fetch_add(&repeated, 1);
}

/* Make one connection and reset it, so that no TIME_WAIT is left. */
static void
ask(void)
{
	const struct linger reset = { .l_onoff = 1 };
	const struct timeval patience = { .tv_sec = 5 };
	unsigned char answer = 0;
	int fd = socket(where.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, &where.sa, where.len) == -1)
		count_failure(errno);
	else if (recv(fd, &answer, 1, 0) != 1 || answer >= GENERATIONS)
		count_failure(ECONNRESET);
	else
		atomic_fetch_add(&answers[answer], 1);
	count_repetition(fd);
	atomic_fetch_add(&total, 1);
	close(fd);
}

static void *
run_client(void *arg)
{
	atomic_uint *count = arg;

	while (!atomic_load(&clients_stop)) {
		ask();
		atomic_fetch_add(count, 1);
	}
	return NULL;
}

static void
serve(const struct server *s, int fd)
{
	unsigned char answer = (unsigned char)s->generation, end;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (client == -1)
		return;
	/* The client ends the connection. */
	if (send(client, &answer, 1, MSG_NOSIGNAL) == 1)
		(void)recv(client, &end, 1, 0);
	close(client);
}

static void *
run_server(void *arg)
{
	struct server *s = arg;
	size_t i;

	while (poll(s->fds, s->n + 1, -1) > 0 && s->fds[s->n].revents == 0)
		for (i = 0; i < s->n; i++)
			if (s->fds[i].revents != 0)
				serve(s, s->fds[i].fd);
	for (i = 0; i < s->n && s->shuts_down; i++)
		shutdown(s->fds[i].fd, SHUT_RDWR);
	return NULL;
}

static void
server_start(struct server *s, struct listener *l, unsigned int generation)
{
	const int *fds;
	size_t i;

	fds = listener_sockets(l, generation, &s->n);
	assert_in_range(s->n, 1, WORKERS_MAX);
	s->generation = generation;
	for (i = 0; i < s->n; i++) {
		s->fds[i].fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		s->fds[i].events = POLLIN;
		fcntl(s->fds[i].fd, F_SETFL, O_NONBLOCK);
	}
	s->fds[i].fd = eventfd(0, EFD_CLOEXEC);
	s->fds[i].events = POLLIN;
	assert_int_equal(pthread_create(&s->thread, NULL, run_server, s), 0);
}

static void
server_tell_to_stop(struct server *s, bool shuts_down)
{
	s->shuts_down = shuts_down;
	assert_int_equal(eventfd_write(s->fds[s->n].fd, 1), 0);
}

static void
server_join(struct server *s)
{
	size_t i;

	pthread_join(s->thread, NULL);
	for (i = 0; i <= s->n; i++)
		close(s->fds[i].fd);
}

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool
each_has_made_one(const unsigned int *before)
{
	size_t i;

	for (i = 0; i < CLIENTS; i++)
		if (atomic_load(&made[i]) == before[i])
			return false;
	return true;
}

/*
 * Wait until that many more connections have ended, in any way, and one of each
 * client: a client that had its answer before, and was held up, has counted it.
 */
static void
wait_for_traffic(unsigned int more)
{
	unsigned int until = atomic_load(&total) + more, before[CLIENTS];
	long deadline = now_ms() + DEADLINE_MS;
	size_t i;

	for (i = 0; i < CLIENTS; i++)
		before[i] = atomic_load(&made[i]);
	while ((int)(atomic_load(&total) - until) < 0 ||
	    !each_has_made_one(before)) {
		if (now_ms() > deadline)
			fail_msg("the clients hang");
		poll(NULL, 0, 1);
	}
}

/* Wait until the queue is empty and stays so under traffic. */
static void
drain(struct listener *l, unsigned int generation)
{
	long deadline = now_ms() + DEADLINE_MS;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		while (listener_queued(l, generation) > 0) {
			if (now_ms() > deadline)
				fail_msg("generation %u keeps its queue",
				    generation);
			poll(NULL, 0, 1);
			i = 0;
		}
		wait_for_traffic(CLIENTS * 2);
	}
}

static void
steer(struct listener *l, unsigned int generation)
{
	const struct steer_share share = { generation, 100 };
	const struct steer_plan plan = { .shares = &share, .nshares = 1 };

	assert_int_equal(listener_steer(l, &plan), 0);
}

/* A listener with its servers and the clients. */
struct scene {
	struct listener *l;
	struct server servers[GENERATIONS];
	bool runs[GENERATIONS];
	pthread_t clients[CLIENTS];
};

static void
join(struct scene *s, unsigned int generation, size_t workers)
{
	const struct address *a = listener_address(s->l);
	int fd, on = 1;

	if (listener_open(s->l, generation) == -1)
		fail_msg("open: %s", strerror(errno));
	while (--workers > 0) {
		fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		assert_int_equal(listener_adopt(s->l, generation, fd), 0);
	}
	server_start(&s->servers[generation], s->l, generation);
	s->runs[generation] = true;
}

static void
leave(struct scene *s, unsigned int generation)
{
	server_join(&s->servers[generation]);
	listener_leave(s->l, generation);
	s->runs[generation] = false;
}

/* Generation 1 serves, and there is traffic. */
static void
scene_begin(struct scene *s, size_t workers)
{
	struct address a;
	const char *why;
	size_t i;

	memset(s, 0, sizeof(*s));
	assert_int_equal(address_parse(&a, "127.0.0.1:0", &why), 0);
	s->l = listener_new(NULL, &a, 512);
	listener_set_kind(s->l, kind_of_test);
	assert_non_null(s->l);
	join(s, 1, workers);
	where = *listener_address(s->l);
	atomic_store(&clients_stop, false);
	atomic_store(&repeated, 0);
	for (i = 0; i < GENERATIONS; i++)
		atomic_store(&answers[i], 0);
	for (i = 0; i < CLIENTS; i++)
		assert_int_equal(
		    pthread_create(&s->clients[i], NULL, run_client, &made[i]),
		    0);
	wait_for_traffic(50);
}

/* Every connection has been served. */
static void
scene_end(struct scene *s)
{
	unsigned int g;
	size_t i;

	atomic_store(&clients_stop, true);
	for (i = 0; i < CLIENTS; i++)
		pthread_join(s->clients[i], NULL);
	for (g = 1; g < GENERATIONS; g++)
		if (s->runs[g]) {
			server_tell_to_stop(&s->servers[g], false);
			leave(s, g);
		}
	listener_free(s->l);
	assert_int_equal(atomic_load(&refused), 0);
	assert_int_equal(atomic_load(&others), 0);
}

/* 2 and 3 join and get nothing until one of the three takes over. */
static void
take_over(struct scene *s, unsigned int stays, size_t workers)
{
	unsigned int g;

	for (g = 2; g <= 3; g++)
		join(s, g, workers);
	wait_for_traffic(50);
	assert_int_equal(answers[2] + answers[3], 0);
	steer(s->l, stays);
	for (g = 1; g <= 3; g++)
		if (g != stays)
			drain(s->l, g);
}

/* The first two of order leave; 4 joins while the first leaves. */
static void
leave_under_traffic(
    const unsigned int *order, size_t workers, enum departure how)
{
	unsigned int g, before[GENERATIONS], stays = order[2];
	struct scene s;
	size_t i;

	scene_begin(&s, workers);
	take_over(&s, stays, workers);
	for (g = 1; g < GENERATIONS; g++)
		before[g] = atomic_load(&answers[g]);
	if (how != CRASH)
		assert_int_not_equal(listener_prepare_leave(s.l, order[0]), -1);
	for (i = 0; i < 2; i++) {
		server_tell_to_stop(&s.servers[order[i]], how == SHUT_DOWN);
		if (i == 0 && how != CRASH)
			assert_int_not_equal(
			    listener_prepare_leave(s.l, order[1]), -1);
		if (i == 0)
			join(&s, 4, workers);
		wait_for_traffic(20);
		leave(&s, order[i]);
		wait_for_traffic(50);
	}
	for (g = 1; g < GENERATIONS; g++)
		if (g != stays)
			assert_int_equal(atomic_load(&answers[g]), before[g]);
	assert_true(atomic_load(&answers[stays]) > before[stays]);
	steer(s.l, 4);
	wait_for_traffic(50);
	assert_true(atomic_load(&answers[4]) > 0);
	scene_end(&s);
}

static const unsigned int orders[][3] = { { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 },
	{ 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } };

static void
programs_that_just_end_leave_in_every_order(void **state)
{
	size_t i;

	for (i = 0; i < NELEM(orders); i++) {
		leave_under_traffic(orders[i], 1, END);
		leave_under_traffic(orders[i], 2, END);
	}
}

static void
programs_that_shut_down_leave_in_every_order(void **state)
{
	size_t i;

	for (i = 0; i < NELEM(orders); i++) {
		leave_under_traffic(orders[i], 1, SHUT_DOWN);
		leave_under_traffic(orders[i], 2, SHUT_DOWN);
	}
}

static void
programs_that_crash_leave_in_every_order(void **state)
{
	size_t i;

	for (i = 0; i < NELEM(orders); i++) {
		leave_under_traffic(orders[i], 1, CRASH);
		leave_under_traffic(orders[i], 2, CRASH);
	}
}

static void
shares_move_without_a_failure(void **state)
{
	struct steer_share shares[] = { { 1, 100 }, { 2, 0 } };
	const struct steer_plan plan = { .shares = shares, .nshares = 2 };
	struct scene s;
	unsigned int i;

	scene_begin(&s, 1);
	join(&s, 2, 1);
	for (i = 0; i < 200; i++) {
		shares[1].percent = i % 101;
		shares[0].percent = 100 - shares[1].percent;
		assert_int_equal(listener_steer(s.l, &plan), 0);
		wait_for_traffic(5);
	}
	scene_end(&s);
}

static void
break_loop(void *arg)
{
	event_base_loopbreak(arg);
}

/* What the supervisor waits for before a program may end. */
static void
let_grace_pass(void)
{
	struct event_base *base = event_base_new();
	struct grace *grace = grace_begin(base, break_loop, base);

	assert_non_null(grace);
	event_base_dispatch(base);
	grace_free(grace);
	event_base_free(base);
}

/*
 * The kernel looks for a socket among the newest first.  The newest leave again
 * and again, have no share all the while, and cost no connection.  COMINGS=N:
 * so often instead of 2,000 times.
 */
static void
the_newest_leaves_under_traffic(void **state)
{
	struct scene s;
	const char *comings = getenv("COMINGS");
	unsigned int n = comings != NULL ? strtoul(comings, NULL, 10) : 2000;
	unsigned int i, g;

	scene_begin(&s, 1);
	for (i = 0; i < n && atomic_load(&repeated) == 0; i += FEW) {
		for (g = 2; g < 2 + FEW; g++)
			if (listener_open(s.l, g) == -1)
				fail_msg("open: %s", strerror(errno));
		for (g = 2; g < 2 + FEW; g++)
			assert_int_equal(listener_prepare_leave(s.l, g), 1);
		let_grace_pass();
		for (g = 2; g < 2 + FEW; g++)
			listener_leave(s.l, g);
	}
	for (g = 2; g < GENERATIONS; g++)
		assert_int_equal(atomic_load(&answers[g]), 0);
	assert_int_equal(atomic_load(&repeated), 0);
	scene_end(&s);
}

/* A program that shuts its socket down a moment after the start. */
struct leaver {
	int fd;
	unsigned int spins;
	atomic_bool start;
};

static void *
run_leaver(void *arg)
{
	struct leaver *leaver = arg;
	volatile unsigned int spin;

	while (!atomic_load(&leaver->start))
		;
	for (spin = 0; spin < leaver->spins; spin++)
		;
	shutdown(leaver->fd, SHUT_RDWR);
	return NULL;
}

/* A directed connection gets into its generation's queue, and no other. */
static void
assert_directed(const struct listener *l, unsigned int generation)
{
	const struct linger reset = { .l_onoff = 1 };
	struct address to, source;
	size_t n;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	assert_int_equal(listener_direct(l, generation, 0, &to, &source), 0);
	assert_int_equal(bind(fd, &source.sa, source.len), 0);
	if (connect(fd, &to.sa, to.len) == -1)
		fail_msg(
		    "generation %u: connect: %s", generation, strerror(errno));
	assert_true(ARRIVES(listener_queued(l, generation) == 1));
	close(accept(listener_sockets(l, generation, &n)[0], NULL, NULL));
	close(fd);
}

/* 2 leaves at any moment, known or not, while 3 joins: is 3 reached? */
static void
leave_while_another_joins(unsigned int spins, bool known)
{
	struct leaver leaver = { .spins = spins };
	struct listener *l;
	struct address a;
	pthread_t thread;
	const char *why;
	size_t n;

	assert_int_equal(address_parse(&a, "127.0.0.1:0", &why), 0);
	l = listener_new(NULL, &a, 512);
	listener_set_kind(l, kind_of_test);
	assert_non_null(l);
	assert_int_not_equal(listener_open(l, 2), -1);
	assert_int_not_equal(listener_open(l, 1), -1);
	steer(l, 1);
	if (known)
		assert_int_not_equal(listener_prepare_leave(l, 2), -1);
	leaver.fd = listener_sockets(l, 2, &n)[0];
	assert_int_equal(pthread_create(&thread, NULL, run_leaver, &leaver), 0);
	atomic_store(&leaver.start, true);
	assert_int_not_equal(listener_open(l, 3), -1);
	pthread_join(thread, NULL);
	if (!known)
		steer(l, 1); /* this looks who is still there */
	assert_directed(l, 1);
	assert_directed(l, 3);
	listener_leave(l, 2);
	assert_directed(l, 1);
	assert_directed(l, 3);
	listener_free(l);
}

static void
a_place_is_certain_though_another_leaves_meanwhile(void **state)
{
	/* eBPF does not go by places, and each listener loads a program. */
	const unsigned int n = kind_of_test == KIND_EBPF ? 25 : 500;
	unsigned int i;

	for (i = 0; i < n; i++) {
		leave_while_another_joins(i * 40, true);
		leave_while_another_joins(i * 40, false);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_that_just_end_leave_in_every_order),
		cmocka_unit_test(programs_that_shut_down_leave_in_every_order),
		cmocka_unit_test(programs_that_crash_leave_in_every_order),
		cmocka_unit_test(shares_move_without_a_failure),
		cmocka_unit_test(the_newest_leaves_under_traffic),
		cmocka_unit_test(
		    a_place_is_certain_though_another_leaves_meanwhile),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return RUN_BOTH_KINDS(tests);
}
