/* SPDX-License-Identifier: ISC */
/*
 * The rollout's table, for every state and event.  What it must do is repeated
 * here with reasons, so that a change of the table is noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/rollout.h"

struct expectation {
	enum rollout_state state;
	enum rollout_event event;
	enum rollout_action action;
	enum rollout_state next;
};

/* Everything else must be refused and change nothing. */
static const struct expectation expectations[] = {
	/* A rollout begins only if none is under way. */
	{ ROLLOUT_IDLE, EVENT_BEGIN, ACTION_RESOLVE, ROLLOUT_RESOLVING },
	{ ROLLOUT_IDLE, EVENT_BEGIN_WARM, ACTION_CHECK, ROLLOUT_CHECKING },
	/* Before there is a candidate nothing needs to be taken back. */
	{ ROLLOUT_RESOLVING, EVENT_RESOLVED, ACTION_START, ROLLOUT_STARTING },
	{ ROLLOUT_RESOLVING, EVENT_FAILED, ACTION_GIVE_UP, ROLLOUT_IDLE },
	{ ROLLOUT_RESOLVING, EVENT_ABORT, ACTION_GIVE_UP, ROLLOUT_IDLE },
	/* A candidate that cannot overlap starts when no other runs. */
	{ ROLLOUT_RESOLVING, EVENT_RESOLVED_EXCLUSIVE, ACTION_VACATE,
	    ROLLOUT_STOPPING },
	{ ROLLOUT_STOPPING, EVENT_VACATED, ACTION_START, ROLLOUT_STARTING },
	/* Until the old one is asked to stop nothing is lost. */
	{ ROLLOUT_STOPPING, EVENT_FAILED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	/* After that the old one must be restored. */
	{ ROLLOUT_STOPPING, EVENT_ABORT, ACTION_RESTORE, ROLLOUT_RESTORING },
	{ ROLLOUT_RESTORING, EVENT_VACATED, ACTION_REVIVE, ROLLOUT_RESTORING },
	{ ROLLOUT_RESTORING, EVENT_READY, ACTION_CHECK, ROLLOUT_RESTORING },
	{ ROLLOUT_RESTORING, EVENT_HEALTHY, ACTION_RESTORED, ROLLOUT_IDLE },
	{ ROLLOUT_RESTORING, EVENT_FAILED, ACTION_LOST, ROLLOUT_IDLE },
	{ ROLLOUT_RESTORING, EVENT_EXPIRED, ACTION_LOST, ROLLOUT_IDLE },
	/* A candidate serves nobody before it is ready and healthy. */
	{ ROLLOUT_STARTING, EVENT_READY, ACTION_CHECK, ROLLOUT_CHECKING },
	{ ROLLOUT_STARTING, EVENT_FAILED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_STARTING, EVENT_EXITED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_STARTING, EVENT_EXPIRED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_STARTING, EVENT_ABORT, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	/* A failing check counts only after checks have passed. */
	{ ROLLOUT_CHECKING, EVENT_HEALTHY, ACTION_SHIFT, ROLLOUT_BAKING },
	{ ROLLOUT_CHECKING, EVENT_FAILED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_CHECKING, EVENT_EXITED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_CHECKING, EVENT_EXPIRED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_CHECKING, EVENT_ABORT, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_SHIFTING, EVENT_HELD, ACTION_SHIFT, ROLLOUT_BAKING },
	{ ROLLOUT_SHIFTING, EVENT_FAILED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_SHIFTING, EVENT_EXITED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_SHIFTING, EVENT_SICK, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_SHIFTING, EVENT_PROMOTE, ACTION_PROMOTE, ROLLOUT_IDLE },
	{ ROLLOUT_SHIFTING, EVENT_ABORT, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	/* A share set by hand stays, even if it has all the traffic. */
	{ ROLLOUT_SHIFTING, EVENT_SPLIT, ACTION_HOLD, ROLLOUT_SHIFTING },
	{ ROLLOUT_BAKING, EVENT_SPLIT, ACTION_HOLD, ROLLOUT_SHIFTING },
	{ ROLLOUT_BAKING, EVENT_FAILED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_BAKING, EVENT_EXITED, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_BAKING, EVENT_SICK, ACTION_TAKE_BACK, ROLLOUT_IDLE },
	{ ROLLOUT_BAKING, EVENT_BAKED, ACTION_PROMOTE, ROLLOUT_IDLE },
	{ ROLLOUT_BAKING, EVENT_PROMOTE, ACTION_PROMOTE, ROLLOUT_IDLE },
	{ ROLLOUT_BAKING, EVENT_ABORT, ACTION_TAKE_BACK, ROLLOUT_IDLE },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct expectation *
expected(enum rollout_state state, enum rollout_event event)
{
	size_t i;

	for (i = 0; i < COUNT(expectations); i++) {
		if (expectations[i].state == state &&
		    expectations[i].event == event)
			return &expectations[i];
	}
	return NULL;
}

static void
every_state_and_event(void **unused)
{
	const struct expectation *want;
	enum rollout_action action;
	int state, event;

	for (state = 0; state < ROLLOUT_STATES; state++) {
		for (event = 0; event < ROLLOUT_EVENTS; event++) {
			struct rollout rollout = { .state = state };

			want = expected(state, event);
			action = rollout_take(&rollout, event);
			assert_int_equal(action,
			    want != NULL ? want->action : ACTION_REFUSE);
			assert_int_equal(rollout.state,
			    want != NULL ? want->next : (unsigned int)state);
		}
	}
}

static void
shares_go_up_by_the_steps_and_then_to_all(void **unused)
{
	static const unsigned int steps[] = { 5, 25 };
	struct rollout rollout = { .steps = steps, .nsteps = 2 };

	rollout_take(&rollout, EVENT_BEGIN);
	rollout_take(&rollout, EVENT_RESOLVED);
	rollout_take(&rollout, EVENT_READY);
	assert_false(rollout.met_users);
	assert_int_equal(rollout_take(&rollout, EVENT_HEALTHY), ACTION_SHIFT);
	assert_int_equal(rollout.share, 5);
	assert_int_equal(rollout.state, ROLLOUT_SHIFTING);
	assert_true(rollout.met_users);
	assert_int_equal(rollout_take(&rollout, EVENT_HELD), ACTION_SHIFT);
	assert_int_equal(rollout.share, 25);
	assert_int_equal(rollout_take(&rollout, EVENT_HELD), ACTION_SHIFT);
	assert_int_equal(rollout.share, 100);
	assert_int_equal(rollout.state, ROLLOUT_BAKING);
	assert_int_equal(rollout_take(&rollout, EVENT_BAKED), ACTION_PROMOTE);
	assert_int_equal(rollout.state, ROLLOUT_IDLE);
}

static void
a_share_by_hand_is_neither_a_step_nor_the_end(void **unused)
{
	static const unsigned int steps[] = { 5, 25 };
	struct rollout rollout = {
		.state = ROLLOUT_CHECKING, .steps = steps, .nsteps = 2
	};

	assert_int_equal(rollout_split(&rollout, 50), ACTION_REFUSE);
	assert_int_equal(rollout.share, 0);
	rollout_take(&rollout, EVENT_HEALTHY);
	assert_int_equal(rollout_split(&rollout, 100), ACTION_HOLD);
	assert_int_equal(rollout.share, 100);
	assert_int_equal(rollout.state, ROLLOUT_SHIFTING);
	assert_int_equal(rollout_split(&rollout, 0), ACTION_HOLD);
	assert_int_equal(rollout.share, 0);
	assert_int_equal(rollout_take(&rollout, EVENT_HELD), ACTION_SHIFT);
	assert_int_equal(rollout.share, 25);
	assert_int_equal(rollout_take(&rollout, EVENT_HELD), ACTION_SHIFT);
	assert_int_equal(rollout_split(&rollout, 7), ACTION_HOLD);
	assert_int_equal(rollout.state, ROLLOUT_SHIFTING);
	assert_int_equal(rollout_take(&rollout, EVENT_PROMOTE), ACTION_PROMOTE);
}

static void
what_takes_others_back_restores_for_one_that_is_alone(void **unused)
{
	const struct expectation *want;
	int state, event;

	for (state = 0; state < ROLLOUT_STATES; state++) {
		for (event = 0; event < ROLLOUT_EVENTS; event++) {
			struct rollout rollout = { .state = state,
				.alone = true };

			want = expected(state, event);
			if (want == NULL || want->action != ACTION_TAKE_BACK)
				continue;
			assert_int_equal(
			    rollout_take(&rollout, event), ACTION_RESTORE);
			assert_int_equal(rollout.state, ROLLOUT_RESTORING);
		}
	}
}

static void
one_that_is_alone_gets_everything_at_once(void **unused)
{
	static const unsigned int steps[] = { 5, 25 };
	struct rollout rollout = { .steps = steps, .nsteps = 2 };

	rollout_take(&rollout, EVENT_BEGIN);
	rollout_take(&rollout, EVENT_RESOLVED_EXCLUSIVE);
	assert_false(rollout.alone);
	rollout_take(&rollout, EVENT_VACATED);
	assert_true(rollout.alone);
	rollout_take(&rollout, EVENT_READY);
	assert_int_equal(rollout_take(&rollout, EVENT_HEALTHY), ACTION_SHIFT);
	assert_int_equal(rollout.share, 100);
	assert_int_equal(rollout.state, ROLLOUT_BAKING);
	assert_int_equal(rollout_split(&rollout, 50), ACTION_REFUSE);
	assert_int_equal(rollout.share, 100);
	assert_int_equal(rollout_take(&rollout, EVENT_BAKED), ACTION_PROMOTE);
	rollout_take(&rollout, EVENT_BEGIN);
	assert_false(rollout.alone);
}

static void
a_new_rollout_remembers_nothing_of_the_one_before(void **unused)
{
	struct rollout rollout = { .step = 3, .share = 100, .met_users = true };

	rollout_take(&rollout, EVENT_BEGIN);
	assert_int_equal(rollout.step, 0);
	assert_int_equal(rollout.share, 0);
	assert_false(rollout.met_users);
}

static void
every_state_has_a_name_and_all_but_idle_a_phase(void **unused)
{
	int state;

	for (state = 0; state < ROLLOUT_STATES; state++) {
		assert_non_null(rollout_state_name(state));
		assert_int_equal(
		    rollout_phase_name(state) == NULL, state == ROLLOUT_IDLE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_event),
		cmocka_unit_test(shares_go_up_by_the_steps_and_then_to_all),
		cmocka_unit_test(a_share_by_hand_is_neither_a_step_nor_the_end),
		cmocka_unit_test(
		    what_takes_others_back_restores_for_one_that_is_alone),
		cmocka_unit_test(one_that_is_alone_gets_everything_at_once),
		cmocka_unit_test(
		    a_new_rollout_remembers_nothing_of_the_one_before),
		cmocka_unit_test(
		    every_state_has_a_name_and_all_but_idle_a_phase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
