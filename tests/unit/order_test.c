/* SPDX-License-Identifier: ISC */
/*
 * The order of a group's array, which the kernel is asked for after sockets
 * have left in an unknown order.
 */
#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "traffic/attach.h"
#include "traffic/inet.h"
#include "traffic/order.h"
#include "traffic/queue.h"
#include "arrival.h"
#include "filters.h"
#include "real_group.h"

/* These sockets leave, in this order. */
static void
leave(struct group *group, const int *indexes, size_t n)
{
	struct group_slot *slot;
	size_t i;

	for (i = 0; i < n; i++) {
		slot = &group->slots[indexes[i]];
		close(slot->fd);
		slot->fd = -1;
		slot->gone = true;
	}
}

/* Send a packet from this generation's directed source. */
static int
knock(const struct endpoint *at, unsigned int generation)
{
	struct address to, source;
	int fd;

	assert_int_equal(address_direct(&at->address, at->v6only, generation, 0,
			     &to, &source),
	    0);
	fd = socket(to.sa.sa_family, at->address.type | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, &source.sa, source.len), 0);
	assert_int_equal(connect(fd, &to.sa, to.len), 0);
	if (at->address.type == SOCK_DGRAM)
		assert_int_equal(send(fd, "x", 1, 0), 1);
	return fd;
}

/* Each generation that is left gets the packets directed to it. */
static void
check_order(const struct endpoint *at, const struct group *group)
{
	const struct group_slot *slot = group->slots;
	int fd;

	assert_int_equal(attach_plan(at, group, &plan, -1), 0);
	for (; slot < group->slots + group->n; slot++) {
		fd = knock(at, slot->generation);
		assert_true(ARRIVES(queue_length(slot->fd) > 0));
		close(fd);
	}
}

static void
no_one_is_misplaced(void **state)
{
	static const int orders[][3] = { { 0, 1, 5 }, { 5, 1, 0 }, { 1, 0, 3 },
		{ 3, 4, 5 }, { 0, 4, 1 }, { 5, 4, 3 } };
	struct endpoint at;
	struct group group;
	size_t i, j;

	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		if (!can_sieve(addresses[i]))
			continue;
		for (j = 0; j < sizeof(orders) / sizeof(orders[0]); j++) {
			make_group(addresses[i], &at, &group);
			leave(&group, orders[j], 3);
			assert_int_equal(order_find(&at, &group, &plan), 0);
			assert_int_equal(group.n, N - 3);
			check_order(&at, &group);
			end_group(&group);
		}
	}
}

/* While the kernel is asked no program gets anything into its queue. */
static void
nobody_sees_the_question(void **state)
{
	static const int order[] = { 0, 5 };
	struct endpoint at;
	struct group group;
	socklen_t len;
	size_t i;

	make_group("127.0.0.1:0", &at, &group);
	leave(&group, order, 2);
	assert_int_equal(order_find(&at, &group, &plan), 0);
	for (i = 0; i < group.n; i++) {
		assert_int_equal(queue_length(group.slots[i].fd), 0);
		len = 0;
		assert_int_equal(getsockopt(group.slots[i].fd, SOL_SOCKET,
				     SO_GET_FILTER, NULL, &len),
		    0);
		assert_int_equal(len, 0);
	}
	end_group(&group);
}

/* A program's filter stays; a key is used instead of a filter. */
static void
a_filter_is_left_alone(void **state)
{
	static struct sock_filter code[] = { BPF_STMT(
	    BPF_RET | BPF_K, UINT32_MAX) };
	static const struct sock_fprog program = { .len = 1, .filter = code };
	static const int order[] = { 0, 5 };
	struct endpoint at;
	struct group group;
	socklen_t len = 0;

	make_group("127.0.0.1:0", &at, &group);
	if (!can_filter())
		skip();
	setsockopt(group.slots[1].fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
	    sizeof(program));
	leave(&group, order, 2);
	assert_int_equal(order_find(&at, &group, &plan), 0);
	assert_int_equal(group.n, N - 2);
	getsockopt(group.slots[group_at(&group, 2)].fd, SOL_SOCKET,
	    SO_GET_FILTER, NULL, &len);
	assert_int_equal(len, 1);
	end_group(&group);
}

/* All generations with a socket there have left. */
/*
 * A program has shut its socket down, and nobody has seen that: by that socket
 * no BPF program gets to the group.
 */
static void
a_socket_that_has_left_takes_no_plan_away(void **state)
{
	static const struct steer_share second = { 2, 100 };
	static const struct steer_plan to_second = { .shares = &second,
		.nshares = 1 };
	struct endpoint at;
	struct group group;
	int fds[5], i;

	make_group("127.0.0.1:0", &at, &group);
	assert_int_equal(shutdown(group.slots[0].fd, SHUT_RDWR), 0);
	assert_int_equal(attach_plan(&at, &group, &to_second, -1), 0);
	for (i = 0; i < 5; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(
		    connect(fds[i], &at.address.sa, at.address.len), 0);
	}
	assert_true(ARRIVES(queue_length(group.slots[1].fd) == 5));
	while (i-- > 0)
		close(fds[i]);
	end_group(&group);
}

static void
an_empty_group_is_empty(void **state)
{
	static const int order[] = { 3, 1, 0, 2, 5, 4 };
	struct endpoint at;
	struct group group;

	make_group("127.0.0.1:0", &at, &group);
	leave(&group, order, N);
	assert_int_equal(order_find(&at, &group, &plan), 0);
	assert_int_equal(group.n, 0);
	end_group(&group);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_one_is_misplaced),
		cmocka_unit_test(nobody_sees_the_question),
		cmocka_unit_test(a_filter_is_left_alone),
		cmocka_unit_test(a_socket_that_has_left_takes_no_plan_away),
		cmocka_unit_test(an_empty_group_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
