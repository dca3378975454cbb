/* SPDX-License-Identifier: ISC */
/*
 * The promises of a listener for each kind of address, with sockets and files
 * of a directory of its own: addresses, owners, paths, queues, adoption.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "arrival.h"
#include "base/credentials.h"
#include "both_kinds.h"
#include "traffic/listener.h"
#include "filters.h"

static char directory[64];

static int
make_directory(void **state)
{
	strlcpy(directory, "/tmp/listener_test.XXXXXX", sizeof(directory));
	return mkdtemp(directory) == NULL ? -1 : 0;
}

/* A file that a test has left behind is a fault. */
static int
remove_directory(void **state)
{
	if (rmdir(directory) == 0)
		return 0;
	print_error("%s: %s\n", directory, strerror(errno));
	return -1;
}

static const char *
path(const char *name)
{
	static char buf[4][128];
	static unsigned int i;

	i = (i + 1) % 4;
	snprintf(buf[i], sizeof(buf[i]), "%s/%s", directory, name);
	return buf[i];
}

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
make(const char *text)
{
	struct address a = parse(text);
	struct listener *l = listener_new("web", &a, 16);
	listener_set_kind(l, kind_of_test);

	assert_non_null(l);
	return l;
}

static struct listener *
make_open(const char *text, unsigned int generations)
{
	struct listener *l = make(text);
	unsigned int g;

	for (g = 1; g <= generations; g++)
		if (listener_open(l, g) == -1)
			fail_msg("%s: %s", text, strerror(errno));
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
client(const struct address *to)
{
	int fd = socket(to->sa.sa_family, to->type | SOCK_CLOEXEC, 0);

	assert_true(fd != -1);
	if (connect(fd, &to->sa, to->len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Which generation's socket got the connection?  0: none. */
static unsigned int
take(const struct listener *l)
{
	struct pollfd p = { .events = POLLIN };
	const int *fds;
	unsigned int g;
	size_t n;
	int fd;

	for (g = 1; g < 10; g++) {
		fds = listener_sockets(l, g, &n);
		if (n == 0)
			continue;
		p.fd = fds[0];
		if (poll(&p, 1, 0) != 1)
			continue;
		fd = accept(fds[0], NULL, NULL);
		assert_true(fd != -1);
		close(fd);
		return g;
	}
	return 0;
}

static unsigned int
reached(const struct listener *l, const struct address *to)
{
	int fd = client(to);
	unsigned int g;

	if (fd == -1)
		return 0;
	/* Over a Unix socket nothing is on its way. */
	(void)ARRIVES((g = take(l)) != 0 || to->sa.sa_family == AF_UNIX);
	close(fd);
	return g;
}

static unsigned int
reached_publicly(const struct listener *l)
{
	struct address to;

	address_reach(listener_address(l), &to);
	return reached(l, &to);
}

static unsigned int
reached_directly(const struct listener *l, unsigned int generation)
{
	struct address to, source;
	const struct directory *dir;
	int fd, r;
	unsigned int g;

	if (listener_direct(l, generation, 0, &to, &source) == -1)
		return 0;
	assert_int_equal(source.len, 0);
	if (listener_private(l, generation, &dir) == NULL)
		return reached(l, &to);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = listener_connect(l, generation, fd);
	g = r == 0 ? take(l) : 0;
	close(fd);
	return g;
}

static void
what_was_given_is_told(void **state)
{
	struct listener *l = make("127.0.0.1:0");
	struct address a = parse("127.0.0.1:0");
	size_t n = 7;

	assert_string_equal(listener_name(l), "web");
	assert_true(address_equal(listener_address(l), &a));
	assert_int_equal(listener_steering(l), STEERING_REUSEPORT);
	listener_sockets(l, 1, &n);
	assert_int_equal(n, 0);
	assert_int_not_equal(listener_open(l, 1), -1);
	assert_int_not_equal(address_port(listener_address(l)), 0);
	assert_int_not_equal(listener_open(l, 2), -1);
	listener_sockets(l, 2, &n);
	assert_int_equal(n, 1);
	listener_free(l);

	a = parse("@name");
	l = listener_new(NULL, &a, 16);
	listener_set_kind(l, kind_of_test);
	assert_null(listener_name(l));
	assert_int_equal(listener_steering(l), STEERING_SHARED);
	listener_free(l);
}

static void
sockets_are_closed_on_exec(void **state)
{
	char text[128];
	const char *kinds[] = { "0", "udp:0", "@hotswap-cloexec", path("x"),
		text };
	struct listener *l;
	const int *fds;
	size_t i, n;

	snprintf(text, sizeof(text), "udp:%s", path("x"));
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		l = make_open(kinds[i], 2);
		fds = listener_sockets(l, 2, &n);
		assert_int_equal(n, 1);
		assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
		listener_free(l);
	}
}

/* A socket must not join another server's address by SO_REUSEPORT. */
static void
an_address_that_others_have_is_refused(void **state)
{
	static const char *const kinds[] = { "127.0.0.1:0", "udp:127.0.0.1:0",
		"[::]:0", "@hotswap-taken" };
	struct listener *holder, *other;
	size_t i, n;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		holder = make_open(kinds[i], 1);
		other = listener_new(NULL, listener_address(holder), 16);
		listener_set_kind(other, kind_of_test);
		assert_non_null(other);
		errno = 0;
		assert_int_equal(listener_open(other, 1), -1);
		assert_int_equal(errno, EADDRINUSE);
		listener_sockets(other, 1, &n);
		assert_int_equal(n, 0);
		listener_free(other);
		listener_free(holder);
	}
}

static void
v6only_is_what_the_kernel_says(void **state)
{
	struct listener *l = make("[::]:0");
	int fd, on = 1;

	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	assert_int_equal(listener_adopt(l, 1, fd), 0);
	assert_true(listener_v6only(l));
	/* Ours must be equal, or the kernel makes another group of them. */
	assert_int_not_equal(listener_open(l, 2), -1);
	steer_to(l, 2);
	assert_int_equal(reached_publicly(l), 2);
	listener_free(l);
}

static void
waiting_connections_are_counted(void **state)
{
	static const char *const kinds[] = { "127.0.0.1:0", "PATH" };
	struct listener *l;
	struct address to;
	int fds[3];
	size_t i, n;

	for (i = 0; i < 2; i++) {
		l = make_open(i == 0 ? kinds[0] : path("queue"), 2);
		address_reach(listener_address(l), &to);
		for (n = 0; n < 3; n++) {
			fds[n] = client(&to);
			assert_true(
			    ARRIVES(listener_queued(l, 1) == (int)n + 1));
			assert_int_equal(listener_queued(l, 2), 0);
		}
		assert_int_equal(take(l), 1);
		assert_int_equal(listener_queued(l, 1), 2);
		for (n = 0; n < 3; n++)
			close(fds[n]);
		listener_free(l);
	}
}

static void
waiting_datagrams_are_counted(void **state)
{
	char text[128];
	struct listener *l;
	struct address to;
	int fd, i;
	char c;
	size_t n;

	snprintf(text, sizeof(text), "udp:%s", path("datagrams"));
	for (i = 0; i < 2; i++) {
		l = make_open(i == 0 ? "udp:127.0.0.1:0" : text, 1);
		address_reach(listener_address(l), &to);
		fd = client(&to);
		assert_int_equal(listener_queued(l, 1), 0);
		assert_int_equal(send(fd, "x", 1, 0), 1);
		assert_true(ARRIVES(listener_queued(l, 1) > 0));
		assert_int_equal(
		    recv(listener_sockets(l, 1, &n)[0], &c, 1, 0), 1);
		assert_int_equal(listener_queued(l, 1), 0);
		close(fd);
		listener_free(l);
	}
}

static void
unix_sockets_are_put_in_place_both_ways(void **state)
{
	struct listener *l = make_open(path("web.sock"), 3);
	unsigned int g, i;

	assert_int_equal(listener_steering(l), STEERING_RENAME);
	assert_int_equal(reached_publicly(l), 1);
	for (g = 3; g >= 1; g--) {
		steer_to(l, g);
		steer_to(l, g);
		assert_int_equal(reached_publicly(l), g);
		for (i = 1; i <= 3; i++)
			assert_int_equal(reached_directly(l, i), i);
	}
	assert_int_not_equal(listener_prepare_leave(l, 3), -1);
	listener_leave(l, 3);
	assert_int_equal(reached_directly(l, 3), 0);
	assert_int_equal(reached_publicly(l), 1);
	listener_free(l);
}

static void
unix_shares_go_to_the_greatest(void **state)
{
	struct listener *l = make_open(path("web.sock"), 2);
	const struct steer_share shares[] = { { 1, 40 }, { 9, 50 }, { 2, 10 } };
	struct steer_plan plan = { .shares = shares, .nshares = 3 };

	steer_to(l, 2);
	assert_int_equal(listener_steer(l, &plan), 0);
	assert_int_equal(reached_publicly(l), 1);
	plan.nshares = 0;
	assert_int_equal(listener_steer(l, &plan), 0);
	assert_int_equal(reached_publicly(l), 1);
	listener_free(l);
}

static void
unix_modes_outlive_an_upgrade(void **state)
{
	struct listener *l = make_open(path("web.sock"), 1);
	struct stat st;

	assert_int_equal(chmod(path("web.sock"), 0606), 0);
	assert_int_not_equal(listener_open(l, 2), -1);
	steer_to(l, 2);
	assert_int_equal(stat(path("web.sock"), &st), 0);
	assert_int_equal(st.st_mode & ALLPERMS, 0606);
	listener_free(l);
}

/* Leave a socket file, as a server that dies does. */
static void
leave_stale_socket(const char *name, int type, mode_t mode)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	strlcpy(un.sun_path, path(name), sizeof(un.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(chmod(un.sun_path, mode), 0);
	close(fd);
}

static void
a_dead_servers_socket_is_replaced(void **state)
{
	struct listener *l;
	struct stat st;
	char text[128];

	leave_stale_socket("web.sock", SOCK_STREAM, 0640);
	leave_stale_socket("web.sock.hotswap-1", SOCK_STREAM, 0600);
	l = make_open(path("web.sock"), 1);
	assert_int_equal(reached_publicly(l), 1);
	assert_int_equal(stat(path("web.sock"), &st), 0);
	assert_int_equal(st.st_mode & ALLPERMS, 0640);
	listener_free(l);

	leave_stale_socket("log", SOCK_DGRAM, 0600);
	snprintf(text, sizeof(text), "udp:%s", path("log"));
	l = make_open(text, 1);
	listener_free(l);
}

static void
a_living_servers_socket_is_left_alone(void **state)
{
	struct listener *holder = make_open(path("web.sock"), 1);
	struct listener *other = make(path("web.sock"));

	errno = 0;
	assert_int_equal(listener_open(other, 7), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(take(holder), 1); /* the connection of the check */
	listener_free(other);
	assert_int_equal(reached_publicly(holder), 1);
	listener_free(holder);
}

static void
what_is_no_socket_is_never_touched(void **state)
{
	struct listener *l = make(path("file"));
	int fd = open(path("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "x", 1), 1);
	errno = 0;
	assert_int_equal(listener_open(l, 1), -1);
	assert_int_equal(errno, ENOTSOCK);
	assert_int_equal(unlink(path("file")), 0);
	assert_int_not_equal(listener_open(l, 1), -1);
	assert_int_not_equal(listener_open(l, 2), -1);
	/* Nor a directory that appears while we serve. */
	assert_int_equal(rename(path("file"), path("old")), 0);
	assert_int_equal(mkdir(path("file"), 0700), 0);
	const struct steer_share share = { 2, 100 };
	const struct steer_plan plan = { .shares = &share, .nshares = 1 };
	assert_int_equal(listener_steer(l, &plan), -1);
	assert_int_equal(errno, ENOTSOCK);
	listener_mend(l);
	listener_free(l);
	assert_int_equal(rmdir(path("file")), 0);
	assert_int_equal(unlink(path("old")), 0);
	close(fd);
}

static void
a_missing_or_foreign_path_is_mended(void **state)
{
	char text[128];
	struct listener *l = make_open(path("web.sock"), 2);
	struct stat st;

	steer_to(l, 2);
	assert_int_equal(unlink(path("web.sock")), 0);
	assert_int_equal(reached_publicly(l), 0);
	listener_mend(l);
	assert_int_equal(reached_publicly(l), 2);
	assert_int_equal(unlink(path("web.sock")), 0);
	leave_stale_socket("web.sock", SOCK_STREAM, 0600);
	listener_mend(l);
	assert_int_equal(reached_publicly(l), 2);
	listener_leave(l, 1);
	listener_mend(l);
	assert_int_equal(reached_publicly(l), 2);
	listener_free(l);

	snprintf(text, sizeof(text), "udp:%s", path("log"));
	l = make_open(text, 2);
	assert_int_equal(unlink(path("log")), 0);
	listener_mend(l);
	assert_int_equal(stat(path("log"), &st), 0);
	listener_free(l);
}

static void
only_our_own_path_is_unlinked(void **state)
{
	struct listener *l = make_open(path("web.sock"), 1);

	assert_int_equal(unlink(path("web.sock")), 0);
	leave_stale_socket("web.sock", SOCK_STREAM, 0600);
	listener_free(l);
	assert_int_equal(unlink(path("web.sock")), 0);
}

/* The public path just fits into sun_path, a private one does not. */
static void
long_paths_are_served_and_directed(void **state)
{
	char name[128] = "";
	struct address to, source;
	struct listener *l;

	memset(name, 'n', 107 - strlen(directory) - 1);
	l = make_open(path(name), 2);
	assert_int_equal(listener_direct(l, 2, 0, &to, &source), 0);
	assert_int_equal(reached_directly(l, 1), 1);
	assert_int_equal(reached_directly(l, 2), 2);
	steer_to(l, 2);
	assert_int_equal(reached_publicly(l), 2);
	listener_free(l);
}

static void
shared_sockets_are_one_for_all(void **state)
{
	struct listener *l = make_open("@hotswap-shared", 2);
	struct address to, source;

	assert_int_equal(reached_publicly(l), 1); /* the first that accepts */
	listener_leave(l, 1);
	assert_int_equal(reached_publicly(l), 2);
	assert_int_equal(listener_direct(l, 2, 0, &to, &source), 0);
	assert_true(address_equal(&to, listener_address(l)));
	listener_leave(l, 2);
	/* Connections wait until a generation joins again. */
	assert_int_equal(reached_publicly(l), 0);
	assert_int_not_equal(listener_open(l, 3), -1);
	assert_int_equal(take(l), 3);
	listener_free(l);
}

static void
adopted_unix_sockets_serve_like_ours(void **state)
{
	struct listener *l = make(path("web.sock"));
	struct address a = parse(path("other.sock"));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Bound elsewhere, it cannot be bound again; nothing changes. */
	assert_int_equal(bind(fd, &a.sa, a.len), 0);
	errno = 0;
	assert_int_equal(listener_adopt(l, 1, fd), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(access(path("web.sock"), F_OK), -1);
	assert_int_equal(unlink(path("other.sock")), 0);
	/* It is about to be bound: it gets its private path here. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(listener_adopt(l, 1, fd), 0);
	assert_int_equal(access(path("web.sock.hotswap-new"), F_OK), -1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(listener_adopt(l, 2, fd), 0);
	assert_int_equal(reached_publicly(l), 1);
	steer_to(l, 2);
	assert_int_equal(reached_publicly(l), 2);
	assert_int_equal(reached_directly(l, 1), 1);
	/* There can be one socket at a path. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	errno = 0;
	assert_int_equal(listener_adopt(l, 2, fd), -1);
	assert_int_equal(errno, EADDRINUSE);
	listener_free(l);
}

static void
a_socket_is_adopted_once(void **state)
{
	struct listener *l = make("127.0.0.1:0");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), again;
	size_t n;

	again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	assert_int_equal(listener_adopt(l, 1, fd), 0);
	assert_int_equal(listener_adopt(l, 1, again), 0);
	assert_int_equal(fcntl(again, F_GETFD), -1);
	listener_sockets(l, 1, &n);
	assert_int_equal(n, 1);
	/* The place in the array is known only of sockets that join here. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(listen(fd, 1), 0);
	errno = 0;
	assert_int_equal(listener_adopt(l, 2, fd), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	listener_free(l);
}

static void
give_to(struct listener *l, uid_t uid, gid_t gid)
{
	const struct credentials who = { .uid = uid, .gid = gid };

	assert_int_equal(listener_set_owner(l, &who), 0);
}

static void
sockets_of_a_group_have_one_owner(void **state)
{
	struct listener *l;
	struct stat st;
	size_t n;
	int fd;

	if (geteuid() != 0)
		skip();
	l = make("127.0.0.1:0");
	give_to(l, 12345, 12345);
	assert_int_not_equal(listener_open(l, 1), -1);
	give_to(l, 54321, 54321);
	assert_int_not_equal(listener_open(l, 2), -1);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(listener_adopt(l, 3, fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(fstat(listener_sockets(l, 2, &n)[0], &st), 0);
	assert_int_equal(st.st_uid, 12345);
	listener_free(l);

	/* A user who may not create files there gets no socket there. */
	l = make(path("web.sock"));
	give_to(l, 12345, 54321);
	assert_int_equal(chown(directory, 54321, (gid_t)-1), 0);
	errno = 0;
	assert_int_equal(listener_open(l, 1), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(chown(directory, 12345, (gid_t)-1), 0);
	assert_int_not_equal(listener_open(l, 1), -1);
	assert_int_equal(stat(path("web.sock"), &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(st.st_gid, 54321);
	listener_free(l);
}

static void
what_a_program_shut_down_listens_again(void **state)
{
	struct listener *l = make_open("127.0.0.1:0", 3);
	size_t n;

	steer_to(l, 2);
	assert_int_equal(shutdown(listener_sockets(l, 1, &n)[0], SHUT_RDWR), 0);
	assert_int_not_equal(listener_open(l, 1), -1);
	assert_int_equal(reached_publicly(l), 2);
	steer_to(l, 1);
	assert_int_equal(reached_publicly(l), 1);
	steer_to(l, 3);
	assert_int_equal(reached_publicly(l), 3);
	listener_free(l);
}

/* More connections than it asked for wait during a restart. */
static void
a_short_backlog_is_ours_for_a_restart(void **state)
{
	const char *addresses[] = { "127.0.0.1:0", path("web.sock") };
	struct address to;
	struct listener *l;
	size_t i, j;
	int fds[8];

	for (i = 0; i < 2; i++) {
		l = make(addresses[i]);
		listen(listener_open(l, 1), 1);
		assert_int_not_equal(listener_open(l, 1), -1);
		to = *listener_address(l);
		for (j = 0; j < 8; j++) {
			fds[j] = socket(to.sa.sa_family,
			    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
			connect(fds[j], &to.sa, to.len);
		}
		for (j = 0; j < 8; j++) {
			assert_int_equal(take(l), 1);
			close(fds[j]);
		}
		listener_free(l);
	}
}

static void
a_shut_down_only_socket_listens_again(void **state)
{
	struct listener *l = make_open("127.0.0.1:0", 1);
	size_t n;

	assert_int_equal(shutdown(listener_sockets(l, 1, &n)[0], SHUT_RDWR), 0);
	assert_int_equal(reached_publicly(l), 0);
	assert_int_not_equal(listener_open(l, 1), -1);
	assert_int_equal(reached_publicly(l), 1);
	listener_free(l);
}

/* Clients in the queue are served, later ones get no answer. */
static void
refused_tcp_clients_try_again(void **state)
{
	struct listener *l = make_open("127.0.0.1:0", 2);
	struct address to;
	int early, late;

	if (!can_filter())
		skip();
	address_reach(listener_address(l), &to);
	early = client(&to);
	listener_refuse(l);
	late = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(late, &to.sa, to.len), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_true(ARRIVES(listener_queued(l, 1) == 1));
	assert_int_equal(take(l), 1);
	assert_int_equal(take(l), 0);
	close(early);
	close(late);
	listener_free(l);
}

static void
refused_unix_clients_find_no_path(void **state)
{
	struct listener *l = make_open(path("web.sock"), 2);
	struct address to;
	int early;

	address_reach(listener_address(l), &to);
	early = client(&to);
	listener_refuse(l);
	assert_int_equal(client(&to), -1);
	/* Nothing may happen to a socket whose generation ends. */
	steer_to(l, 2);
	listener_mend(l);
	assert_int_equal(access(path("web.sock"), F_OK), -1);
	assert_int_equal(take(l), 1);
	close(early);
	listener_free(l);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, make_directory, remove_directory)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_given_is_told),
		TEST(sockets_are_closed_on_exec),
		TEST(an_address_that_others_have_is_refused),
		TEST(v6only_is_what_the_kernel_says),
		TEST(waiting_connections_are_counted),
		TEST(waiting_datagrams_are_counted),
		TEST(unix_sockets_are_put_in_place_both_ways),
		TEST(unix_shares_go_to_the_greatest),
		TEST(unix_modes_outlive_an_upgrade),
		TEST(a_dead_servers_socket_is_replaced),
		TEST(a_living_servers_socket_is_left_alone),
		TEST(what_is_no_socket_is_never_touched),
		TEST(a_missing_or_foreign_path_is_mended),
		TEST(only_our_own_path_is_unlinked),
		TEST(long_paths_are_served_and_directed),
		TEST(shared_sockets_are_one_for_all),
		TEST(adopted_unix_sockets_serve_like_ours),
		TEST(a_socket_is_adopted_once),
		TEST(sockets_of_a_group_have_one_owner),
		TEST(what_a_program_shut_down_listens_again),
		TEST(a_short_backlog_is_ours_for_a_restart),
		TEST(a_shut_down_only_socket_listens_again),
		TEST(refused_tcp_clients_try_again),
		TEST(refused_unix_clients_find_no_path),
	};

	return RUN_BOTH_KINDS(tests);
}
