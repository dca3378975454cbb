/* SPDX-License-Identifier: ISC */
/*
 * The call log: what one process has received, the next that opens the file
 * finds.
 */
#include "process/call_log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"

static void
outlives_who_has_written_it(void **state)
{
	int file = call_log_make();
	struct call_log *call_log = call_log_open(fd_dup(file));

	assert_non_null(call_log);
	call_log_free_slot(call_log)->id = 7;
	call_log_free_slot(call_log)->id = 8;
	call_log_slots(call_log)[0].id = 0;
	call_log_close(call_log);
	call_log = call_log_open(file);
	assert_non_null(call_log);
	assert_int_equal(call_log_slots(call_log)[0].id, 0);
	assert_int_equal(call_log_slots(call_log)[1].id, 8);
	assert_ptr_equal(
	    call_log_free_slot(call_log), call_log_slots(call_log));
	call_log_close(call_log);
}

static void
gives_no_slot_when_all_are_in_use(void **state)
{
	struct call_log *call_log = call_log_open(call_log_make());
	size_t i;

	for (i = 0; i < CALL_LOG_SLOTS; i++)
		call_log_free_slot(call_log)->id = i + 1;
	assert_null(call_log_free_slot(call_log));
	call_log_close(call_log);
}

/* Reading a file that has become too short would be SIGBUS. */
static void
refuses_a_file_that_is_not_sealed(void **state)
{
	int file = memfd_create("short", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_null(call_log_open(fd_dup(file)));
	assert_int_equal(errno, EINVAL);
	assert_return_code(
	    ftruncate(file, CALL_LOG_SLOTS * CALL_LOG_ROOM), errno);
	assert_null(call_log_open(file));
	assert_null(call_log_open(-1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outlives_who_has_written_it),
		cmocka_unit_test(gives_no_slot_when_all_are_in_use),
		cmocka_unit_test(refuses_a_file_that_is_not_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
