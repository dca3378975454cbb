/* SPDX-License-Identifier: ISC */
/*
 * The tape: the newest events are there in their order, also for a successor,
 * and also if a line was cut short.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "keep/tape.h"

#define LEAST 4

static void
add(struct tape *tape, int n)
{
	json_t *object;

	for (; n > 0; n--) {
		object = json_object();
		tape_add(tape, object, LEAST);
		json_decref(object);
	}
}

/* The numbers that are kept are first to last, without a gap. */
static void
check(const struct tape *tape, json_int_t after, int first, int last)
{
	json_t *list = tape_read(tape, after), *object;
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
succeed(struct tape *tape)
{
	int fds[TAPE_FILES] = { dup(tape->fds[0]), dup(tape->fds[1]) };

	tape_fini(tape);
	tape_init(tape);
	tape_adopt(tape, fds);
}

static void
the_last_ones_are_kept_in_order(void **state)
{
	struct tape tape;

	tape_init(&tape);
	assert_int_equal(tape_open(&tape), 0);
	check(&tape, 0, 1, 0);
	add(&tape, 3);
	check(&tape, 0, 1, 3);
	add(&tape, 4);
	check(&tape, 0, 1, 7);
	add(&tape, 2);
	check(&tape, 0, 5, 9);
	check(&tape, 7, 8, 9);
	check(&tape, 9, 10, 9);
	tape_fini(&tape);
}

static void
a_successor_goes_on_at_any_length(void **state)
{
	struct tape tape;
	int n;

	tape_init(&tape);
	assert_int_equal(tape_open(&tape), 0);
	for (n = 1; n < 5 * LEAST; n++) {
		add(&tape, 1);
		succeed(&tape);
		assert_int_equal(tape.last, n);
		check(&tape, n > LEAST ? n - LEAST : 0,
		    n > LEAST ? n - LEAST + 1 : 1, n);
	}
	tape_fini(&tape);
}

static void
a_line_that_was_cut_short_spoils_no_other(void **state)
{
	struct tape tape;

	tape_init(&tape);
	assert_int_equal(tape_open(&tape), 0);
	add(&tape, 2);
	assert_int_equal(write(tape.fds[0], "\n{\"num", 6), 6);
	succeed(&tape);
	add(&tape, 1);
	check(&tape, 0, 1, 3);
	tape_fini(&tape);
}

static void
without_files_numbers_go_on(void **state)
{
	struct tape tape;

	tape_init(&tape);
	add(&tape, 7);
	assert_int_equal(tape.last, 7);
	check(&tape, 0, 1, 0);
	tape_fini(&tape);
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
