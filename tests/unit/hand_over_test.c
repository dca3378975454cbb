/* SPDX-License-Identifier: ISC */
/*
 * Sockets that are handed over to another generation: what waits in them
 * goes along, and nobody who connects meanwhile is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "both_kinds.h"
#include "traffic/listener.h"

static char directory[64];

static int
make_directory(void **state)
{
	strcpy(directory, "/tmp/hand_over_test.XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

/* Whatever a test left behind is a fault. */
static int
remove_directory(void **state)
{
	return rmdir(directory);
}

static struct listener *
make(const char *kind)
{
	char text[128];
	struct listener *l;
	struct address a;
	const char *why;

	snprintf(text, sizeof(text), "%s%s",
	    strcmp(kind, "PATH") == 0 ? directory : kind,
	    strcmp(kind, "PATH") == 0 ? "/x.sock" : "");
	assert_int_equal(address_parse(&a, text, &why), 0);
	l = listener_new("web", &a, 16);
	listener_set_kind(l, kind_of_test);
	assert_non_null(l);
	return l;
}

static void
steer_to(struct listener *l, unsigned int generation)
{
	const struct steer_share share = { generation, 100 };
	const struct steer_plan plan = { .shares = &share, .nshares = 1 };

	assert_int_equal(listener_steer(l, &plan), 0);
}

static int
client(const struct address *to, const struct address *from)
{
	int fd = socket(to->sa.sa_family, to->type | SOCK_CLOEXEC, 0);

	assert_true(fd != -1);
	if (from->len > 0)
		assert_int_equal(bind(fd, &from->sa, from->len), 0);
	assert_int_equal(connect(fd, &to->sa, to->len), 0);
	return fd;
}

static int
user(const struct listener *l)
{
	const struct address nowhere = { .len = 0 };
	struct address to;

	address_reach(listener_address(l), &to);
	return client(&to, &nowhere);
}

/* Take one connection off a generation's socket; false if none waits. */
static bool
takes(const struct listener *l, unsigned int generation)
{
	struct pollfd p = { .events = POLLIN };
	const int *fds;
	size_t n;
	int fd;

	fds = listener_sockets(l, generation, &n);
	if (n == 0)
		return false;
	p.fd = fds[0];
	if (poll(&p, 1, 0) != 1)
		return false;
	fd = accept(fds[0], NULL, NULL);
	assert_true(fd != -1);
	close(fd);
	return true;
}

static void
hand_over(struct listener *l)
{
	int waiting, later;
	size_t n;

	assert_int_not_equal(listener_open(l, 1), -1);
	assert_int_not_equal(listener_open(l, 2), -1);
	steer_to(l, 2);
	waiting = user(l);
	errno = 0;
	assert_int_equal(listener_hand_over(l, 2, 1), -1);
	assert_int_equal(errno, EEXIST);
	listener_leave(l, 1);

	assert_int_equal(listener_hand_over(l, 2, 1), 0);
	steer_to(l, 1);
	listener_sockets(l, 2, &n);
	assert_int_equal(n, 0);
	listener_leave(l, 2); /* has nothing any more */
	later = user(l);
	assert_true(takes(l, 1));
	assert_true(takes(l, 1));
	close(waiting);
	close(later);
}

/* The next generation joins and leaves beside them as beside any. */
static void
go_on(struct listener *l)
{
	struct address to, from;
	int fd;

	assert_int_not_equal(listener_open(l, 3), -1);
	steer_to(l, 3);
	fd = user(l);
	assert_true(takes(l, 3));
	close(fd);
	assert_int_equal(listener_direct(l, 1, 0, &to, &from), 0);
	fd = client(&to, &from);
	assert_true(takes(l, 1));
	close(fd);
	listener_leave(l, 1);
	fd = user(l);
	assert_true(takes(l, 3));
	close(fd);
	listener_free(l);
}

static void
what_waits_over_tcp_goes_along(void **state)
{
	struct listener *l = make("127.0.0.1:0");

	hand_over(l);
	go_on(l);
}

static void
what_waits_over_ipv6_goes_along(void **state)
{
	struct listener *l = make("[::1]:0");

	hand_over(l);
	go_on(l);
}

static void
what_waits_at_a_path_goes_along(void **state)
{
	struct listener *l = make("PATH");

	hand_over(l);
	go_on(l);
}

static void
datagrams_that_wait_go_along(void **state)
{
	struct listener *l = make("udp:127.0.0.1:0");
	char byte;
	size_t n;
	int fd;

	assert_int_not_equal(listener_open(l, 1), -1);
	assert_int_not_equal(listener_open(l, 2), -1);
	steer_to(l, 2);
	fd = user(l);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	listener_leave(l, 1);
	assert_int_equal(listener_hand_over(l, 2, 1), 0);
	steer_to(l, 1);
	assert_int_equal(
	    recv(listener_sockets(l, 1, &n)[0], &byte, 1, MSG_DONTWAIT), 1);
	close(fd);
	listener_free(l);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, make_directory, remove_directory)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_waits_over_tcp_goes_along),
		TEST(what_waits_over_ipv6_goes_along),
		TEST(what_waits_at_a_path_goes_along),
		TEST(datagrams_that_wait_go_along),
	};

	return RUN_BOTH_KINDS(tests);
}
