/* SPDX-License-Identifier: ISC */
/*
 * A successor takes over a listener in which three generations have sockets:
 * directed connections reach their generation, and users reach the generation
 * that has the share, also if the successor cannot use the eBPF program that it
 * finds.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sockopt.h"
#include "both_kinds.h"
#include "traffic/holder.h"
#include "traffic/listener.h"

#define GENERATIONS 3
#define ACTIVE	    2

static int held[16];
static size_t nheld;

/* As a keeper does, hold a duplicate of each socket. */
static int
hold(uint64_t cookie, int fd, void *arg)
{
	held[nheld++] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

static void
release(uint64_t cookie, int fd, bool wait, void *arg)
{
}

static void
nothing(void *arg)
{
}

static const struct holder holder = { hold, release, nothing, nothing, NULL };

static int
take(uint64_t cookie, void *arg)
{
	size_t i;

	for (i = 0; i < nheld; i++)
		if (cookie != 0 && sockopt_cookie(held[i]) == cookie)
			return fcntl(held[i], F_DUPFD_CLOEXEC, 0);
	return -1;
}

static void
drop_held(void)
{
	while (nheld > 0)
		close(held[--nheld]);
}

static const struct steer_share share = { ACTIVE, 100 };
static const struct steer_plan plan = { .shares = &share, .nshares = 1 };

/* A connection from source gets into the queue of this generation. */
static void
check_reached(const struct listener *l, const struct address *to,
    const struct address *source, unsigned int generation)
{
	const struct linger reset = { .l_onoff = 1 };
	struct pollfd ready = { .events = POLLIN };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (source != NULL)
		assert_return_code(bind(fd, &source->sa, source->len), errno);
	assert_return_code(connect(fd, &to->sa, to->len), errno);
	ready.fd = listener_sockets(l, generation, &n)[0];
	assert_int_equal(poll(&ready, 1, 5000), 1);
	close(accept(ready.fd, NULL, NULL));
	close(fd);
}

static void
check_these(const struct listener *l, unsigned int first, unsigned int last,
    unsigned int active)
{
	struct address to, source;
	unsigned int generation;
	int i;

	for (generation = first; generation <= last; generation++) {
		assert_int_equal(
		    listener_direct(l, generation, 0, &to, &source), 0);
		check_reached(l, &to, &source, generation);
	}
	address_reach(listener_address(l), &to);
	for (i = 0; i < 20; i++)
		check_reached(l, &to, NULL, active);
}

static void
check_all(const struct listener *l)
{
	check_these(l, 1, GENERATIONS, ACTIVE);
}

static struct listener *
make(void)
{
	struct address a;
	struct listener *l;
	const char *why;
	unsigned int generation;

	assert_int_equal(address_parse(&a, "127.0.0.1:0", &why), 0);
	assert_non_null(l = listener_new(NULL, &a, 16));
	listener_set_holder(l, &holder);
	listener_set_kind(l, kind_of_test);
	for (generation = 1; generation <= GENERATIONS; generation++)
		assert_int_not_equal(listener_open(l, generation), -1);
	assert_int_equal(listener_steer(l, &plan), 0);
	check_all(l);
	return l;
}

/*
 * The successor gets what was saved and the sockets that are held.  A
 * predecessor that was killed closes nothing in order, so its sockets stay open
 * here.
 */
static struct listener *
succeed(const json_t *saved, enum steering_kind kind)
{
	struct listener *l = listener_restore(saved, take, NULL, &holder);

	assert_non_null(l);
	listener_set_kind(l, kind);
	assert_int_equal(listener_steer(l, &plan), 0);
	return l;
}

static void
check_successor(enum steering_kind kind)
{
	struct listener *l = make(), *next;
	json_t *saved = listener_save(l);

	next = succeed(saved, kind);
	assert_int_equal(listener_kind(next), kind);
	check_all(next);
	json_decref(saved);
	listener_free(next);
	listener_free(l);
	drop_held();
}

static void
a_successor_goes_on(void **state)
{
	check_successor(kind_of_test);
}

/* The successor has --steering classic, and the predecessor did not. */
static void
a_successor_may_steer_by_classic_programs(void **state)
{
	check_successor(KIND_CLASSIC);
}

/* The program does so itself, and nobody says it. */
static void
shut_down(const struct listener *l, unsigned int generation)
{
	const int *fds;
	size_t n;

	fds = listener_sockets(l, generation, &n);
	while (n-- > 0)
		assert_int_equal(shutdown(fds[n], SHUT_RDWR), 0);
}

/*
 * The predecessor was killed after it had hidden a generation, before or after
 * it had saved that.  Then all others are gone: whoever joins must not make a
 * group of its own beside that of the hidden one.
 */
static void
a_successor_knows_what_is_hidden(void **state)
{
	const struct steer_share last = { GENERATIONS + 2, 100 };
	const struct steer_plan to_last = { .shares = &last, .nshares = 1 };
	struct listener *l, *next;
	unsigned int generation;
	json_t *saved;
	int i;

	for (i = 0; i < 2; i++) {
		l = make();
		saved = i == 0 ? listener_save(l) : NULL;
		assert_int_not_equal(listener_prepare_leave(l, 1), -1);
		if (saved == NULL)
			saved = listener_save(l);
		next = succeed(saved, kind_of_test);
		for (generation = 2; generation <= GENERATIONS; generation++)
			shut_down(next, generation);
		for (; generation <= GENERATIONS + 2; generation++)
			assert_int_not_equal(
			    listener_open(next, generation), -1);
		assert_int_equal(listener_steer(next, &to_last), 0);
		check_these(
		    next, GENERATIONS + 1, GENERATIONS + 2, GENERATIONS + 2);
		json_decref(saved);
		listener_free(next);
		listener_free(l);
		drop_held();
	}
}

/* As a keeper does that is told to give up a socket. */
static void
drop_those_that_left(void)
{
	size_t i, n = 0;

	for (i = 0; i < nheld; i++) {
		if (sockopt_get(held[i], SOL_SOCKET, SO_ACCEPTCONN) == 0)
			close(held[i]);
		else
			held[n++] = held[i];
	}
	nheld = n;
}

static bool
has_nameless(struct listener *l)
{
	json_t *saved = listener_save(l), *state, *slot;
	bool has = false;
	size_t i;

	state = json_object_get(saved, "state");
	json_array_foreach (json_object_get(state, "group"), i, slot)
		has |= json_integer_value(json_object_get(slot, "socket")) == 0;
	json_decref(saved);
	return has;
}

/*
 * The predecessor was killed after it had closed the sockets of a generation,
 * and before it had saved that.  A successor knows from the kernel that they
 * have left, and with them the order of those that remain: it need not be found
 * out by filters, which an ordinary user may not attach since Linux 6.18.
 */
static void
a_successor_knows_what_has_left(void **state)
{
	struct listener *l = make(), *next;
	json_t *saved;

	assert_int_not_equal(listener_prepare_leave(l, 1), -1);
	saved = listener_save(l);
	listener_leave(l, 1);
	drop_those_that_left();
	next = listener_restore(saved, take, NULL, &holder);
	assert_non_null(next);
	if (kind_of_test == KIND_CLASSIC) /* eBPF needs no order */
		assert_false(has_nameless(next));
	listener_set_kind(next, kind_of_test);
	assert_int_equal(listener_steer(next, &plan), 0);
	check_these(next, 2, GENERATIONS, ACTIVE);
	json_decref(saved);
	listener_free(next);
	listener_free(l);
	drop_held();
}

/* Layout 0 stands for a build that saved none, 4711 for another build. */
static void
maps_of_another_build_are_left_alone(void **state)
{
	static const int layouts[] = { 0, 4711 };
	struct listener *l, *next;
	json_t *saved, *ebpf;
	size_t i;

	for (i = 0; i < 2; i++) {
		l = make();
		saved = listener_save(l);
		ebpf = json_object_get(json_object_get(saved, "state"), "ebpf");
		assert_true((ebpf != NULL) == (kind_of_test == KIND_EBPF));
		if (ebpf != NULL)
			json_object_set_new(
			    ebpf, "layout", json_integer(layouts[i]));
		next = succeed(saved, kind_of_test);
		check_all(next);
		/* eBPF is possible again once the old maps are gone. */
		assert_int_equal(listener_steer(next, &plan), 0);
		check_all(next);
		json_decref(saved);
		listener_free(next);
		listener_free(l);
		drop_held();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_successor_goes_on),
		cmocka_unit_test(a_successor_may_steer_by_classic_programs),
		cmocka_unit_test(a_successor_knows_what_is_hidden),
		cmocka_unit_test(a_successor_knows_what_has_left),
		cmocka_unit_test(maps_of_another_build_are_left_alone),
	};

	return RUN_BOTH_KINDS(tests);
}
