/* SPDX-License-Identifier: ISC */
/*
 * The ledger: what one process has received, the next that opens the file
 * finds.
 */
#include "process/ledger.h"

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
	int file = ledger_make();
	struct ledger *ledger = ledger_open(fd_dup(file));

	assert_non_null(ledger);
	ledger_free_slot(ledger)->id = 7;
	ledger_free_slot(ledger)->id = 8;
	ledger_slots(ledger)[0].id = 0;
	ledger_close(ledger);
	ledger = ledger_open(file);
	assert_non_null(ledger);
	assert_int_equal(ledger_slots(ledger)[0].id, 0);
	assert_int_equal(ledger_slots(ledger)[1].id, 8);
	assert_ptr_equal(ledger_free_slot(ledger), ledger_slots(ledger));
	ledger_close(ledger);
}

static void
gives_no_slot_when_all_are_in_use(void **state)
{
	struct ledger *ledger = ledger_open(ledger_make());
	size_t i;

	for (i = 0; i < LEDGER_SLOTS; i++)
		ledger_free_slot(ledger)->id = i + 1;
	assert_null(ledger_free_slot(ledger));
	ledger_close(ledger);
}

/* Reading a file that has become too short would be SIGBUS. */
static void
refuses_a_file_that_is_not_sealed(void **state)
{
	int file = memfd_create("short", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_null(ledger_open(fd_dup(file)));
	assert_int_equal(errno, EINVAL);
	assert_return_code(ftruncate(file, LEDGER_SLOTS * LEDGER_ROOM), errno);
	assert_null(ledger_open(file));
	assert_null(ledger_open(-1));
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
