/* SPDX-License-Identifier: ISC */
/*
 * The built-in check with real sockets, some of which accept.  The listener is
 * a stand-in that returns what a test wants.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "traffic/accept.h"

#define GENERATION  7
#define DEADLINE_MS 60000
#define SHORT_MS    150	 /* for checks that are to fail */
#define GONE_MS	    5000 /* for checks that end when this is over */

struct listener {
	struct address address;
	int fd;
	struct event *event;   /* accepts; NULL: the program hangs */
	unsigned int accepted; /* and kept, or closed if close is set */
	bool close;
	bool left; /* it exists, but this generation has left it */
	int last;
	int queued;
	unsigned int directed; /* the number of sources of listener_direct */
	unsigned int tried;
	unsigned int taken_port; /* the port of the first source, IPv6 */
};

static struct event_base *base;
static struct listener *const *known; /* the listeners that find returns */
static size_t nknown;

const struct address *
listener_address(const struct listener *l)
{
	return &l->address;
}

const int *
listener_sockets(const struct listener *l, unsigned int generation, size_t *n)
{
	assert_int_equal(generation, GENERATION);
	*n = l->left ? 0 : 1;
	return &l->fd;
}

int
listener_queued(const struct listener *l, unsigned int generation)
{
	return l->queued;
}

int
listener_direct(const struct listener *l, unsigned int generation,
    unsigned int n, struct address *to, struct address *source)
{
	struct listener *told = (struct listener *)l;
	const char *why, *text = "[::1]:0";
	struct sockaddr_in6 *six;

	assert_int_equal(generation, GENERATION);
	told->tried++;
	if (n >= l->directed) {
		errno = ERANGE;
		return -1;
	}
	address_reach(&l->address, to);
	memset(source, 0, sizeof(*source));
	if (to->sa.sa_family == AF_UNIX)
		return 0;
	if (to->sa.sa_family == AF_INET)
		text = "127.83.0.7:0";
	assert_int_equal(address_parse(source, text, &why), 0);
	if (to->sa.sa_family == AF_INET6 && n == 0) {
		six = (struct sockaddr_in6 *)&source->storage;
		six->sin6_port = htons(l->taken_port);
	}
	return 0;
}

const char *
listener_private(const struct listener *l, unsigned int generation,
    const struct directory **directory)
{
	return NULL;
}

int
listener_connect(const struct listener *l, unsigned int generation, int fd)
{
	fail();
	return -1;
}

static void
on_connection(evutil_socket_t fd, short events, void *arg)
{
	struct listener *l = arg;

	fd_close(&l->last);
	l->last = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	assert_int_not_equal(l->last, -1);
	l->accepted++;
	if (l->close)
		fd_close(&l->last);
}

static void
listener_open_at(struct listener *l, const char *text, int backlog)
{
	const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	const char *why;

	memset(l, 0, sizeof(*l));
	l->last = -1;
	l->directed = 2;
	l->queued = 5; /* by users, all the time */
	assert_int_equal(address_parse(&l->address, text, &why), 0);
	l->fd = socket(l->address.sa.sa_family, type, 0);
	assert_int_not_equal(l->fd, -1);
	assert_int_equal(bind(l->fd, &l->address.sa, l->address.len), 0);
	assert_int_equal(listen(l->fd, backlog), 0);
	assert_int_equal(getsockname(l->fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(
	    address_set(&l->address, SOCK_STREAM, (struct sockaddr *)&sa, len),
	    0);
}

static void
listener_accept(struct listener *l)
{
	l->event =
	    event_new(base, l->fd, EV_READ | EV_PERSIST, on_connection, l);
	assert_non_null(l->event);
	assert_int_equal(event_add(l->event, NULL), 0);
}

static void
listener_close(struct listener *l)
{
	if (l->event != NULL)
		event_free(l->event);
	fd_close(&l->last);
	fd_close(&l->fd);
}

struct outcome {
	bool done;
	bool passed;
	char why[256];
};

static void
on_done(bool passed, const char *why, void *arg)
{
	struct outcome *outcome = arg;

	assert_false(outcome->done);
	outcome->done = true;
	outcome->passed = passed;
	assert_int_equal(passed, why == NULL);
	if (why != NULL)
		strlcpy(outcome->why, why, sizeof(outcome->why));
}

static struct listener *
find(const struct address *address, void *arg)
{
	size_t i;

	for (i = 0; i < nknown; i++)
		if (address_equal(&known[i]->address, address))
			return known[i];
	return NULL;
}

static struct accept_check *
begin(struct listener *const *listeners, size_t n, unsigned int timeout_ms,
    struct outcome *outcome)
{
	struct address addresses[8];
	size_t i;

	assert_true(n <= 8);
	for (i = 0; i < n; i++)
		addresses[i] = listeners[i]->address;
	known = listeners;
	nknown = n;
	return accept_check_start(
	    base, addresses, n, GENERATION, timeout_ms, find, on_done, outcome);
}

static struct outcome
check(struct listener *const *listeners, size_t n, unsigned int timeout_ms)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;
	struct outcome outcome = { 0 };

	assert_non_null(begin(listeners, n, timeout_ms, &outcome));
	assert_false(outcome.done);
	while (!outcome.done && clock_ms() < deadline)
		event_base_loop(base, EVLOOP_ONCE);
	assert_true(outcome.done);
	return outcome;
}

static void
passes(struct listener *l)
{
	struct outcome outcome = check(&l, 1, DEADLINE_MS);

	assert_string_equal(outcome.why, "");
	assert_true(outcome.passed);
}

static void
fails(struct listener *l, const char *what)
{
	struct outcome outcome = check(&l, 1, SHORT_MS);
	char address[ADDRESS_STRLEN], why[512];

	assert_false(outcome.passed);
	address_format(&l->address, address);
	snprintf(why, sizeof(why), "%s: %s", address, what);
	assert_string_equal(outcome.why, why);
}

static const char *const kinds[] = { "127.0.0.1:0", "0.0.0.0:0", "[::1]:0",
	"[::]:0", "@accept_test" };

static void
test_accepted(void **state)
{
	struct listener l;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		listener_open_at(&l, kinds[i], 16);
		listener_accept(&l);
		passes(&l);
		assert_int_equal(l.accepted, 1);
		listener_close(&l);
	}
}

static void
test_hangs(void **state)
{
	struct listener l;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		listener_open_at(&l, kinds[i], 16);
		fails(&l,
		    "connects, but the program has not accepted within "
		    "150 ms");
		listener_close(&l);
	}
}

static void
test_closes_at_once(void **state)
{
	struct listener l;

	listener_open_at(&l, "127.0.0.1:0", 16);
	l.close = true;
	listener_accept(&l);
	passes(&l);
	listener_close(&l);
}

static void
test_refused(void **state)
{
	struct listener l;

	listener_open_at(&l, "127.0.0.1:0", 16);
	close(l.fd);
	l.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fails(&l, "refused");
	listener_close(&l);
	listener_open_at(&l, "@accept_test", 16);
	fd_close(&l.fd);
	fails(&l, "refused");
}

static void
on_stop(evutil_socket_t fd, short events, void *arg)
{
	const struct listener *l = arg;

	assert_int_equal(shutdown(l->fd, SHUT_RDWR), 0);
}

/* A queue that is reset does not mean that the program has accepted. */
static void
test_stops_listening(void **state)
{
	const struct timeval soon = { .tv_usec = 20000 };
	struct listener l;

	listener_open_at(&l, "127.0.0.1:0", 16);
	assert_int_equal(
	    event_base_once(base, -1, EV_TIMEOUT, on_stop, &l, &soon), 0);
	fails(&l, "the program has stopped listening");
	listener_close(&l);
}

/* A Unix socket with a full queue refuses at once; TCP does not answer. */
static void
test_queue_is_full(void **state)
{
	struct address to;
	struct listener l;
	int fd, other;

	listener_open_at(&l, "@accept_test", 0);
	address_reach(&l.address, &to);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, &to.sa, to.len), 0);
	fails(&l,
	    "its queue is full, the program has not accepted within "
	    "150 ms");
	listener_accept(&l);
	passes(&l);
	close(fd);
	listener_close(&l);

	listener_open_at(&l, "127.0.0.1:0", 0);
	address_reach(&l.address, &to);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, &to.sa, to.len), 0);
	assert_int_equal(connect(other, &to.sa, to.len), -1);
	assert_int_equal(errno, EINPROGRESS);
	fails(&l, "does not connect within 150 ms");
	close(fd);
	close(other);
	listener_close(&l);
}

static void
test_deferred(void **state)
{
	struct listener l;
	int seconds = 30;

	listener_open_at(&l, "127.0.0.1:0", 16);
	assert_int_equal(setsockopt(l.fd, IPPROTO_TCP, TCP_DEFER_ACCEPT,
			     &seconds, sizeof(seconds)),
	    0);
	fails(&l, "connects, but the program has not accepted within 150 ms");
	listener_accept(&l);
	passes(&l);
	listener_close(&l);
}

static void
test_several(void **state)
{
	struct listener a, b, udp = { .fd = -1 };
	struct listener *all[] = { &udp, &a, &b };
	struct outcome outcome;
	char address[ADDRESS_STRLEN];
	const char *why;

	assert_int_equal(address_parse(&udp.address, "udp:53", &why), 0);
	listener_open_at(&a, "127.0.0.1:0", 16);
	listener_open_at(&b, "[::1]:0", 16);
	listener_accept(&a);
	outcome = check(all, 3, SHORT_MS);
	assert_false(outcome.passed);
	address_format(&b.address, address);
	assert_memory_equal(outcome.why, address, strlen(address));
	listener_accept(&b);
	outcome = check(all, 3, DEADLINE_MS);
	assert_true(outcome.passed);
	assert_int_equal(a.accepted, 2);
	assert_int_equal(udp.tried, 0);
	outcome = check(all, 0, SHORT_MS);
	assert_true(outcome.passed);
	listener_close(&a);
	listener_close(&b);
}

static void
test_reserved_port_in_use(void **state)
{
	struct listener l, other;

	listener_open_at(&other, "[::1]:0", 16);
	listener_open_at(&l, "[::1]:0", 16);
	listener_accept(&l);
	l.taken_port = address_port(&other.address);
	passes(&l);
	assert_int_equal(l.tried, 2);
	l.directed = 1;
	fails(&l,
	    "no check can be sent: all source ports that lead to this "
	    "generation are in use");
	listener_close(&l);
	listener_close(&other);
}

/* Forbid netlink sockets, as some containers do. */
static bool
forbid_netlink(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool ok;

	ok = filter != NULL &&
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
		SCMP_A0(SCMP_CMP_EQ, AF_NETLINK)) == 0 &&
	    seccomp_load(filter) == 0;
	seccomp_release(filter);
	return ok;
}

static int
check_without_diagnosis(void)
{
	struct listener l, *one = &l;

	listener_open_at(&l, "127.0.0.1:0", 16);
	if (!forbid_netlink())
		return 1;
	l.queued = 1;
	if (check(&one, 1, SHORT_MS).passed)
		return 2;
	l.queued = 0;
	if (!check(&one, 1, SHORT_MS).passed)
		return 3;
	listener_close(&l);
	return 0;
}

static void
test_without_diagnosis(void **state)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		event_reinit(base);
		_exit(check_without_diagnosis());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
forget_listeners(evutil_socket_t fd, short events, void *arg)
{
	struct listener *l = arg;

	if (l != NULL)
		l->left = true;
	else
		nknown = 0;
}

/* A program may close its socket during the check; the listener goes too. */
static void
test_gone_meanwhile(void **state)
{
	const struct timeval soon = { .tv_usec = 30000 };
	struct listener l, *one = &l;
	struct event *event;
	struct outcome outcome;
	bool whole;
	int i;

	for (i = 0; i < 2; i++) {
		whole = i == 0;
		listener_open_at(&l, "127.0.0.1:0", 16);
		event = evtimer_new(base, forget_listeners, whole ? NULL : &l);
		assert_non_null(event);
		assert_int_equal(event_add(event, &soon), 0);
		outcome = check(&one, 1, GONE_MS);
		assert_true(outcome.passed);
		event_free(event);
		listener_close(&l);
	}
}

static void
test_cancel(void **state)
{
	const struct timeval soon = { .tv_usec = 30000 };
	struct outcome outcome = { 0 };
	struct accept_check *checking;
	struct listener l, *one = &l;

	listener_open_at(&l, "127.0.0.1:0", 16);
	checking = begin(&one, 1, SHORT_MS, &outcome);
	assert_non_null(checking);
	accept_check_cancel(checking);
	checking = begin(&one, 1, SHORT_MS, &outcome);
	assert_non_null(checking);
	event_base_loopexit(base, &soon);
	event_base_dispatch(base);
	accept_check_cancel(checking);
	event_base_dispatch(base);
	assert_false(outcome.done);
	listener_close(&l);
}

static int
setup(void **state)
{
	base = event_base_new();
	return base == NULL;
}

static int
teardown(void **state)
{
	event_base_free(base);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_closes_at_once),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_stops_listening),
		cmocka_unit_test(test_queue_is_full),
		cmocka_unit_test(test_deferred),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_reserved_port_in_use),
		cmocka_unit_test(test_without_diagnosis),
		cmocka_unit_test(test_gone_meanwhile),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
