/* SPDX-License-Identifier: ISC */
/*
 * Sockets that a program binds itself: what a listener does with them, from
 * bind(2) to the end of the process that had them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "traffic/drain.h"
#include "traffic/directory.h"
#include "both_kinds.h"
#include "base/sockopt.h"
#include "traffic/listener.h"
#include "traffic/settings.h"

#define CLIENTS 64

static struct listener *
make(const char *text)
{
	struct address address;
	const char *why;

	assert_int_equal(address_parse(&address, text, &why), 0);
	struct listener *l = listener_new(NULL, &address, 64);

	listener_set_kind(l, kind_of_test);
	return l;
}

/* A listener at a port that nobody uses. */
static struct listener *
make_free(const char *host)
{
	struct listener *l;
	char text[128];

	snprintf(text, sizeof(text), "%s:0", host);
	l = make(text);
	assert_non_null(l);
	assert_int_not_equal(listener_open(l, 99), -1);
	listener_leave(l, 99);
	return l;
}

static int
own_socket(const struct listener *l)
{
	const struct address *address = listener_address(l);
	int fd = socket(address->sa.sa_family, address->type | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	return fd;
}

static int
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int
get(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* A program's socket, bound and adopted for a generation. */
static int
adopt(struct listener *l, unsigned int generation)
{
	int fd = own_socket(l);

	assert_int_equal(listener_bind(l, fd), 0);
	assert_int_equal(listener_adopt(l, generation, fd_dup(fd)), 0);
	return fd;
}

/* Connect many times; how often was this socket chosen? */
static int
count(const struct listener *l, int fd)
{
	const struct address *to = listener_address(l);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int clients[CLIENTS], i, n = 0, connection;

	for (i = 0; i < CLIENTS; i++) {
		clients[i] = own_socket(l);
		assert_int_equal(connect(clients[i], &to->sa, to->len), 0);
	}
	while (poll(&ready, 1, 0) == 1) {
		connection = accept(fd, NULL, NULL);
		close(connection);
		n++;
	}
	for (i = 0; i < CLIENTS; i++)
		close(clients[i]);
	return n;
}

static void
empty(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	while (poll(&ready, 1, 0) == 1)
		close(accept(fd, NULL, NULL));
}

static void
a_bound_socket_is_nobodys_before_it_listens(void **state)
{
	struct listener *l = make_free("127.0.0.1");
	int fd = own_socket(l);
	size_t n;

	assert_int_equal(listener_way(l), LISTENER_BIND);
	assert_int_equal(listener_bind(l, fd), 0);
	assert_true(listener_is_empty(l));
	assert_false(listener_has(l, 1, sockopt_cookie(fd)));
	assert_int_equal(listener_adopt(l, 1, fd_dup(fd)), 0);
	assert_true(listener_has(l, 1, sockopt_cookie(fd)));
	assert_false(listener_has(l, 2, sockopt_cookie(fd)));
	listener_sockets(l, 1, &n);
	assert_int_equal(n, 1);
	assert_int_equal(count(l, fd), CLIENTS);
	close(fd);
	listener_free(l);
}

static void
anothers_address_cannot_be_bound(void **state)
{
	struct listener *l = make_free("127.0.0.1");
	const struct address *at = listener_address(l);
	int other = own_socket(l), fd = own_socket(l);

	/* This socket would share the address with any process of the user. */
	assert_int_equal(set(other, SOL_SOCKET, SO_REUSEPORT, 1), 0);
	assert_int_equal(bind(other, &at->sa, at->len), 0);
	assert_int_equal(listen(other, 8), 0);
	assert_int_equal(listener_bind(l, fd), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(other);
	close(fd);
	listener_free(l);
}

/* The kernel would make a separate group of it, which nobody steers. */
static void
ipv6_alone_is_another_group(void **state)
{
	struct listener *l = make_free("[::]");
	int first, fd;

	first = adopt(l, 1);
	fd = own_socket(l);
	assert_int_equal(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	assert_int_equal(listener_bind(l, fd), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(fd);
	close(first);
	listener_free(l);
}

static void
a_resting_socket_gets_nothing_until_it_is_used_again(void **state)
{
	const struct steer_share share = { 1, 100 };
	const struct steer_plan plan = { .shares = &share, .nshares = 1 };
	struct listener *l = make_free("127.0.0.1");
	int first = adopt(l, 1), second = adopt(l, 1), kept;
	const int *fds;
	size_t n;

	assert_int_equal(listener_steer(l, &plan), 0);
	fds = listener_sockets(l, 1, &n);
	assert_int_equal(n, 2);
	kept = fds[0];
	assert_int_equal(listener_rest(l, kept, true), 0);
	assert_int_equal(count(l, second), CLIENTS);
	assert_int_equal(listener_rest(l, kept, false), 0);
	assert_in_range(count(l, second), 1, CLIENTS - 1);
	empty(first);
	listener_drop(l, 1, kept);
	assert_int_equal(count(l, second), CLIENTS);
	close(first);
	close(second);
	listener_free(l);
}

static void
datagrams_are_adopted_at_bind(void **state)
{
	struct listener *l = make_free("udp:127.0.0.1");
	int fd = own_socket(l), other = own_socket(l);

	assert_int_equal(listener_way(l), LISTENER_ADOPT);
	assert_int_equal(listener_adopt(l, 1, fd_dup(fd)), 0);
	assert_int_equal(listener_adopt(l, 2, fd_dup(other)), 0);
	assert_true(listener_has(l, 1, sockopt_cookie(fd)));
	assert_true(listener_has(l, 2, sockopt_cookie(other)));
	close(fd);
	close(other);
	listener_free(l);
}

static void
paths_are_known_through_links(void **state)
{
	char directory[] = "/tmp/own_socket_test.XXXXXX", text[128];
	char links[64];
	struct identity identity;
	struct listener *l;
	struct stat st;

	assert_non_null(mkdtemp(directory));
	snprintf(links, sizeof(links), "%s/link", directory);
	assert_int_equal(symlink(directory, links), 0);
	snprintf(text, sizeof(text), "%s/a.sock", directory);
	l = make(text);
	assert_int_not_equal(listener_open(l, 3), -1);
	assert_int_equal(listener_leaf(l, "a.sock"), PATH_PUBLIC);
	assert_int_equal(listener_leaf(l, "a.sock.hotswap-3"), PATH_PRIVATE);
	assert_int_equal(listener_leaf(l, "b.sock"), PATH_OTHER);
	assert_int_equal(stat(links, &st), 0);
	identity = (struct identity){ st.st_dev, st.st_ino };
	assert_true(listener_is_in(l, &identity));
	assert_int_equal(stat("/", &st), 0);
	identity = (struct identity){ st.st_dev, st.st_ino };
	assert_false(listener_is_in(l, &identity));
	listener_free(l);
	unlink(links);
	assert_int_equal(rmdir(directory), 0);
}

static void
settings_go_along(void **state)
{
	int from = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	set(from, SOL_SOCKET, SO_RCVBUF, 16384);
	set(from, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(from, IPPROTO_TCP, TCP_NODELAY, 1);
	settings_copy(from, to);
	assert_int_equal(
	    get(to, SOL_SOCKET, SO_RCVBUF), get(from, SOL_SOCKET, SO_RCVBUF));
	assert_int_equal(get(to, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(get(to, IPPROTO_TCP, TCP_NODELAY), 1);
	close(from);
	close(to);
}

static void
who_has_a_socket_is_seen(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const pid_t us = getpid(), first = getppid();
	struct drain_set *set;

	assert_non_null(set = drain_set_new(&us, 1));
	assert_true(drain_set_has(set, fd));
	assert_true(drain_set_is_whole(set));
	drain_set_free(set);
	assert_non_null(set = drain_set_new(&first, 1));
	assert_false(drain_set_has(set, fd));
	drain_set_free(set);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bound_socket_is_nobodys_before_it_listens),
		cmocka_unit_test(anothers_address_cannot_be_bound),
		cmocka_unit_test(ipv6_alone_is_another_group),
		cmocka_unit_test(
		    a_resting_socket_gets_nothing_until_it_is_used_again),
		cmocka_unit_test(datagrams_are_adopted_at_bind),
		cmocka_unit_test(paths_are_known_through_links),
		cmocka_unit_test(settings_go_along),
		cmocka_unit_test(who_has_a_socket_is_seen),
	};

	return RUN_BOTH_KINDS(tests);
}
