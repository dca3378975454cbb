/* SPDX-License-Identifier: ISC */
/*
 * The watchdog of a program: what counts as silence, and what does not.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "process/notify_message.h"
#include "process/watchdog.h"

/* Half of it is what a busy machine may be late by. */
#define PERIOD_MS 600

static struct event_base *base;
static struct watchdog *watchdog;
static unsigned int waiting; /* messages that wait in the socket */
static char failure[128];
static int signals[8];
static size_t nsignals;

static void
say(const char *text)
{
	struct notify_message message = { 0 };
	char copy[64];

	strlcpy(copy, text, sizeof(copy));
	notify_message_parse(&message, copy);
	watchdog_hear(watchdog, &message);
}

static void
listen_to_all(void *arg)
{
	for (; waiting > 0; waiting--)
		say("WATCHDOG=1");
}

static void
failed(const char *how, void *arg)
{
	strlcpy(failure, how, sizeof(failure));
}

static void
get_signal(int number, void *arg)
{
	signals[nsignals++] = number;
}

static const struct watchdog_events events = { listen_to_all, failed,
	get_signal };

static int
set_up(void **state)
{
	waiting = 0;
	nsignals = 0;
	failure[0] = '\0';
	base = event_base_new();
	watchdog = watchdog_new(base, PERIOD_MS, &events, NULL);
	return base != NULL && watchdog != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	watchdog_free(watchdog);
	event_base_free(base);
	return 0;
}

static void
stop_waiting(evutil_socket_t fd, short what, void *arg)
{
	event_base_loopbreak(base);
}

/* Run the loop for this time. */
static void
run_for(int64_t ms)
{
	struct timeval delay = clock_interval(ms);

	event_base_once(base, -1, EV_TIMEOUT, stop_waiting, NULL, &delay);
	event_base_dispatch(base);
}

/* As after SIGSTOP, or on a machine that was suspended. */
static void
interrupt_for(int ms)
{
	poll(NULL, 0, ms);
}

static bool
has_failed(void)
{
	return failure[0] != '\0';
}

/* A look that is late gives the program another period. */
static void
wait_for_failure(void)
{
	int64_t end = clock_ms() + 60000;

	while (!has_failed() && clock_ms() < end)
		run_for(10);
	assert_true(has_failed());
}

static void
test_silence(void **state)
{
	watchdog_begin(watchdog, PERIOD_MS, 0);
	say("READY=1");
	run_for(PERIOD_MS / 2);
	assert_false(has_failed());
	wait_for_failure();
	assert_string_equal(failure, "sent no WATCHDOG=1 for 0.6 s");
	assert_int_equal(nsignals, 2);
	assert_int_equal(signals[0], SIGABRT);
	assert_int_equal(signals[1], SIGCONT);
	run_for(PERIOD_MS * 2);
	assert_int_equal(nsignals, 3);
	assert_int_equal(signals[2], SIGKILL);
}

static void
test_life(void **state)
{
	int i;

	watchdog_begin(watchdog, PERIOD_MS, 0);
	for (i = 0; i < 4; i++) {
		say("WATCHDOG=1");
		run_for(PERIOD_MS / 2);
	}
	assert_false(has_failed());
}

static void
test_start_takes_its_time(void **state)
{
	watchdog_begin(watchdog, PERIOD_MS, PERIOD_MS * 2);
	run_for(PERIOD_MS * 2);
	assert_false(has_failed());
	wait_for_failure();
}

static void
test_what_waits_is_read_first(void **state)
{
	watchdog_begin(watchdog, PERIOD_MS, 0);
	watchdog_count(watchdog);
	run_for(PERIOD_MS / 2);
	waiting = 3;
	while (waiting > 0)
		run_for(1);
	assert_false(has_failed());
}

static void
test_interruption(void **state)
{
	watchdog_begin(watchdog, PERIOD_MS, 0);
	watchdog_count(watchdog);
	run_for(PERIOD_MS / 8);
	interrupt_for(PERIOD_MS * 3);
	run_for(PERIOD_MS / 2);
	assert_false(has_failed());
	wait_for_failure();
}

/* It ends before the deadline, and the program has no time for a message. */
static void
test_interruption_within_a_period(void **state)
{
	watchdog_begin(watchdog, PERIOD_MS, 0);
	watchdog_count(watchdog);
	run_for(PERIOD_MS / 8);
	interrupt_for(PERIOD_MS * 6 / 8);
	run_for(PERIOD_MS / 2);
	assert_false(has_failed());
}

static void
test_trigger(void **state)
{
	say("WATCHDOG=trigger");
	assert_string_equal(failure, "sent WATCHDOG=trigger");
	assert_int_equal(signals[0], SIGABRT);
}

static void
test_period_at_run_time(void **state)
{
	say("WATCHDOG_USEC=100000");
	assert_int_equal(watchdog_period(watchdog), 100);
	wait_for_failure();
}

static void
test_turned_off_at_run_time(void **state)
{
	watchdog_begin(watchdog, PERIOD_MS, 0);
	say("WATCHDOG=1");
	say("WATCHDOG_USEC=0");
	run_for(PERIOD_MS * 2);
	assert_false(has_failed());
}

static void
test_rest(void **state)
{
	watchdog_begin(watchdog, PERIOD_MS, 0);
	say("WATCHDOG=1");
	watchdog_rest(watchdog);
	say("WATCHDOG=1");
	run_for(PERIOD_MS * 2);
	assert_false(has_failed());
	watchdog_count(watchdog);
	wait_for_failure();
}

static void
test_successor(void **state)
{
	json_t *saved;

	watchdog_begin(watchdog, PERIOD_MS, 0);
	say("WATCHDOG=1");
	saved = watchdog_save(watchdog);
	watchdog_begin(watchdog, 0, 0);
	interrupt_for(PERIOD_MS);
	watchdog_restore(watchdog, saved);
	json_decref(saved);
	run_for(PERIOD_MS / 2);
	assert_false(has_failed());
	wait_for_failure();
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_silence),
		TEST(test_life),
		TEST(test_start_takes_its_time),
		TEST(test_what_waits_is_read_first),
		TEST(test_interruption),
		TEST(test_interruption_within_a_period),
		TEST(test_trigger),
		TEST(test_period_at_run_time),
		TEST(test_turned_off_at_run_time),
		TEST(test_rest),
		TEST(test_successor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
