/* SPDX-License-Identifier: ISC */
/*
 * What is known of a socket: that it listens, that it does not listen any more,
 * or nothing.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "traffic/queue.h"

static int
listening(void)
{
	const struct sockaddr_in loopback = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&loopback, sizeof(loopback)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void
test_that_listens(void **state)
{
	int fd = listening();

	assert_true(queue_is_open(fd));
	assert_false(queue_is_closed(fd));
	close(fd);
}

static void
test_that_was_shut_down(void **state)
{
	int fd = listening();

	assert_int_equal(shutdown(fd, SHUT_RDWR), 0);
	assert_false(queue_is_open(fd));
	assert_true(queue_is_closed(fd));
	close(fd);
}

/* A successor that has not got a socket must not wait for its connections. */
static void
test_that_is_missing(void **state)
{
	assert_false(queue_is_open(-1));
	assert_true(queue_is_closed(-1));
}

static void
test_of_which_nothing_is_told(void **state)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_false(queue_is_open(ends[0]));
	assert_false(queue_is_closed(ends[0]));
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_that_listens),
		cmocka_unit_test(test_that_was_shut_down),
		cmocka_unit_test(test_that_is_missing),
		cmocka_unit_test(test_of_which_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
