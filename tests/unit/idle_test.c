/* SPDX-License-Identifier: ISC */
/*
 * Which connections are idle, by what the kernel tells of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "traffic/idle.h"

struct sample {
	const char *what;
	uint32_t sent, received, acknowledged; /* milliseconds ago */
	unsigned int unread, unacked;
	bool established;
	uint32_t in_flight;
	bool answered;
	bool idle;
};

static const struct sample samples[] = {
	{ "the answer was sent after the request came", 5000, 5020, 4980, 0, 0,
	    true, 0, false, true },
	{ "a request came after the last answer", 5020, 5000, 5000, 0, 0, true,
	    0, false, false },
	{ "in one tick, and the answer was acknowledged in a later one", 5000,
	    5000, 4960, 0, 0, true, 0, false, true },
	{ "in one tick with the acknowledgement: nobody knows", 5000, 5000,
	    5000, 0, 0, true, 0, false, false },
	{ "the same, and the answer carried our acknowledgement", 5000, 5000,
	    5000, 0, 0, true, 0, true, true },
	{ "the same, for very long", IDLE_TIE_MS, IDLE_TIE_MS, IDLE_TIE_MS, 0,
	    0, true, 0, false, true },
	{ "an answer in parts: silent for a moment", IDLE_MS - 1, 2000, 900, 0,
	    0, true, 0, false, false },
	{ "a request that was not read yet", 5000, 5020, 4980, 10, 0, true, 0,
	    false, false },
	{ "an answer that was not acknowledged yet", 5000, 5020, 4980, 0, 10,
	    true, 0, false, false },
	{ "the same, in segments", 5000, 5020, 4980, 0, 0, true, 1, false,
	    false },
	{ "the client has ended it", 5000, 5020, 4980, 0, 0, false, 0, false,
	    false },
};

static void
test_samples(void **state)
{
	const struct sample *sample;
	struct activity activity;
	size_t i;

	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		sample = &samples[i];
		activity = (struct activity){
			.established = sample->established,
			.sent_ms = sample->sent,
			.received_ms = sample->received,
			.acked_ms = sample->acknowledged,
			.in_flight = sample->in_flight,
		};
		print_message("%s\n", sample->what);
		assert_int_equal(idle_is(&activity, sample->answered,
				     sample->unread, sample->unacked),
		    sample->idle);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
