/* SPDX-License-Identifier: ISC */
/*
 * The event log: the newest events are there in their order, also for a
 * successor, and also if a line was cut short.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "keep/event_log.h"

#define LEAST 4

static void
add(struct event_log *event_log, int n)
{
	json_t *object;

	for (; n > 0; n--) {
		object = json_object();
		event_log_add(event_log, object, LEAST);
		json_decref(object);
	}
}

/* The numbers that are kept are first to last, without a gap. */
static void
check(const struct event_log *event_log, json_int_t after, int first, int last)
{
	json_t *list = event_log_read(event_log, after), *object;
	size_t i;

	assert_int_equal(json_array_size(list), last - first + 1);
	json_array_foreach (list, i, object)
		assert_int_equal(
		    json_integer_value(json_object_get(object, "number")),
		    first + (int)i);
	json_decref(list);
}

/* Open by descriptors alone, as a successor does. */
static void
succeed(struct event_log *event_log)
{
	int fds[EVENT_LOG_FILES] = { dup(event_log->fds[0]),
		dup(event_log->fds[1]) };

	event_log_fini(event_log);
	event_log_init(event_log);
	event_log_adopt(event_log, fds);
}

static void
the_last_ones_are_kept_in_order(void **state)
{
	struct event_log event_log;

	event_log_init(&event_log);
	assert_int_equal(event_log_open(&event_log), 0);
	check(&event_log, 0, 1, 0);
	add(&event_log, 3);
	check(&event_log, 0, 1, 3);
	add(&event_log, 4);
	check(&event_log, 0, 1, 7);
	add(&event_log, 2);
	check(&event_log, 0, 5, 9);
	check(&event_log, 7, 8, 9);
	check(&event_log, 9, 10, 9);
	event_log_fini(&event_log);
}

static void
a_successor_goes_on_at_any_length(void **state)
{
	struct event_log event_log;
	int n;

	event_log_init(&event_log);
	assert_int_equal(event_log_open(&event_log), 0);
	for (n = 1; n < 5 * LEAST; n++) {
		add(&event_log, 1);
		succeed(&event_log);
		assert_int_equal(event_log.last, n);
		check(&event_log, n > LEAST ? n - LEAST : 0,
		    n > LEAST ? n - LEAST + 1 : 1, n);
	}
	event_log_fini(&event_log);
}

static void
a_line_that_was_cut_short_spoils_no_other(void **state)
{
	struct event_log event_log;

	event_log_init(&event_log);
	assert_int_equal(event_log_open(&event_log), 0);
	add(&event_log, 2);
	assert_int_equal(write(event_log.fds[0], "\n{\"num", 6), 6);
	succeed(&event_log);
	add(&event_log, 1);
	check(&event_log, 0, 1, 3);
	event_log_fini(&event_log);
}

static void
without_files_numbers_go_on(void **state)
{
	struct event_log event_log;

	event_log_init(&event_log);
	add(&event_log, 7);
	assert_int_equal(event_log.last, 7);
	check(&event_log, 0, 1, 0);
	event_log_fini(&event_log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_ones_are_kept_in_order),
		cmocka_unit_test(a_successor_goes_on_at_any_length),
		cmocka_unit_test(a_line_that_was_cut_short_spoils_no_other),
		cmocka_unit_test(without_files_numbers_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
