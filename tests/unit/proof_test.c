/* SPDX-License-Identifier: ISC */
/*
 * With real sockets: a group that keeps to the plan passes the proof, one that
 * does not fails it, and no program gets a packet of ours.
 */
#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "real_group.h"
#include "traffic/proof.h"
#include "traffic/queue.h"

#define CANDIDATE 2 /* a generation without a share */

/* Attach a BPF program that always chooses this index. */
static void
choose(const struct group *group, size_t index)
{
	struct sock_filter code[] = { BPF_STMT(
	    BPF_RET | BPF_K, (uint32_t)index) };
	const struct sock_fprog program = { .len = 1, .filter = code };

	assert_int_equal(
	    setsockopt(group->slots[group_at(group, CANDIDATE)].fd, SOL_SOCKET,
		SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)),
	    0);
}

static void
nobody_has_seen_a_packet(const struct group *group)
{
	size_t i;

	for (i = 0; i < group->n; i++)
		assert_int_equal(queue_length(group->slots[i].fd), 0);
}

static void
check_address(const char *text)
{
	struct endpoint at;
	struct group group;
	unsigned int generation;

	make_group(text, &at, &group);
	for (generation = 1; generation <= N; generation++)
		assert_int_equal(proof_try(&at, &group, &plan, generation), 0);

	/* All packets reach the active socket, even the candidate's checks. */
	choose(&group, ACTIVE);
	assert_int_equal(proof_try(&at, &group, &plan, CANDIDATE), -1);
	assert_int_equal(errno, EXDEV);

	/* All packets reach the candidate, which has no share. */
	choose(&group, group_at(&group, CANDIDATE));
	assert_int_equal(proof_try(&at, &group, &plan, CANDIDATE), -1);
	assert_int_equal(errno, ENOLINK);

	assert_int_equal(attach_plan(&at, &group, &plan, -1), 0);
	assert_int_equal(proof_try(&at, &group, &plan, CANDIDATE), 0);
	nobody_has_seen_a_packet(&group);
	end_group(&group);
}

static void
who_steers_past_us_is_found_out(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (can_sieve(addresses[i]))
			check_address(addresses[i]);
}

/* The group's BPF program does not choose for a socket without SO_REUSEPORT. */
static void
a_socket_that_left_the_rule_is_gathered(void **state)
{
	struct endpoint at;
	struct group group;
	int no = 0;

	make_group("127.0.0.1:0", &at, &group);
	assert_int_equal(setsockopt(group.slots[group_at(&group, N)].fd,
			     SOL_SOCKET, SO_REUSEPORT, &no, sizeof(no)),
	    0);
	assert_int_equal(proof_try(&at, &group, &plan, N), -1);
	inet_gather(&at, &group);
	assert_int_equal(proof_try(&at, &group, &plan, N), 0);
	end_group(&group);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_steers_past_us_is_found_out),
		cmocka_unit_test(a_socket_that_left_the_rule_is_gathered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
