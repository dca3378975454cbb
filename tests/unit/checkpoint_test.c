/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint: what was saved last is loaded; a document that is torn,
 * changed or of a later version is not loaded.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "keep/checkpoint.h"

static void
save(struct checkpoint *checkpoint, int version, int number)
{
	json_t *document =
	    json_pack("{si si}", "version", version, "number", number);

	assert_int_equal(checkpoint_save(checkpoint, document), 0);
	json_decref(document);
}

/* Load by descriptors alone, as a successor does.  -1: refused. */
static int
load(const struct checkpoint *checkpoint, char *why, size_t size)
{
	struct checkpoint successor;
	json_t *document;
	int fds[CHECKPOINT_FILES], number = -1, i;

	for (i = 0; i < CHECKPOINT_FILES; i++)
		fds[i] = dup(checkpoint->fds[i]);
	checkpoint_adopt(&successor, fds);
	document = checkpoint_load(&successor, why, size);
	if (document != NULL)
		number = (int)json_integer_value(
		    json_object_get(document, "number"));
	json_decref(document);
	checkpoint_fini(&successor);
	return number;
}

static void
the_last_one_saved_is_loaded(void **state)
{
	struct checkpoint checkpoint;
	char why[256];
	int i;

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	for (i = 0; i < 5; i++) {
		save(&checkpoint, CHECKPOINT_VERSION, i);
		assert_int_equal(load(&checkpoint, why, sizeof(why)), i);
	}
	checkpoint_fini(&checkpoint);
}

static void
the_same_again_is_not_written(void **state)
{
	struct checkpoint checkpoint;
	char why[256];

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	save(&checkpoint, CHECKPOINT_VERSION, 1);
	save(&checkpoint, CHECKPOINT_VERSION, 1);
	assert_int_equal(checkpoint.sequence, 1);
	save(&checkpoint, CHECKPOINT_VERSION, 2);
	save(&checkpoint, CHECKPOINT_VERSION, 1);
	assert_int_equal(checkpoint.sequence, 3);
	assert_int_equal(load(&checkpoint, why, sizeof(why)), 1);
	checkpoint_fini(&checkpoint);
}

static void
one_cut_short_leaves_the_one_before(void **state)
{
	struct checkpoint checkpoint;
	struct stat st;
	char why[256];
	off_t size;
	int fd;

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	save(&checkpoint, CHECKPOINT_VERSION, 1);
	save(&checkpoint, CHECKPOINT_VERSION, 2);
	fd = checkpoint.fds[checkpoint.sequence % CHECKPOINT_FILES];
	assert_int_equal(fstat(fd, &st), 0);
	for (size = st.st_size - 1; size >= 0; size--) {
		assert_int_equal(ftruncate(fd, size), 0);
		assert_int_equal(load(&checkpoint, why, sizeof(why)), 1);
	}
	checkpoint_fini(&checkpoint);
}

static void
no_flipped_bit_is_taken_for_the_truth(void **state)
{
	struct checkpoint checkpoint;
	struct stat st;
	char why[256], byte;
	off_t i;
	int fd;

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	save(&checkpoint, CHECKPOINT_VERSION, 7);
	fd = checkpoint.fds[checkpoint.sequence % CHECKPOINT_FILES];
	assert_int_equal(fstat(fd, &st), 0);
	/* Start after the sequence number, which only orders the two memfds. */
	for (i = (off_t)strlen("hotswap-checkpoint 1 "); i < st.st_size; i++) {
		assert_int_equal(pread(fd, &byte, 1, i), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, i), 1);
		assert_int_equal(load(&checkpoint, why, sizeof(why)), -1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, i), 1);
	}
	assert_int_equal(load(&checkpoint, why, sizeof(why)), 7);
	checkpoint_fini(&checkpoint);
}

static void
a_later_version_is_refused_by_name(void **state)
{
	struct checkpoint checkpoint;
	char why[256];

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	save(&checkpoint, CHECKPOINT_VERSION + 1, 1);
	assert_int_equal(load(&checkpoint, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "version 2"));
	checkpoint_fini(&checkpoint);
}

static void
nothing_at_all_is_refused(void **state)
{
	struct checkpoint checkpoint = { .fds = { -1, -1 } };
	char why[256];

	assert_null(checkpoint_load(&checkpoint, why, sizeof(why)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_one_saved_is_loaded),
		cmocka_unit_test(the_same_again_is_not_written),
		cmocka_unit_test(one_cut_short_leaves_the_one_before),
		cmocka_unit_test(no_flipped_bit_is_taken_for_the_truth),
		cmocka_unit_test(a_later_version_is_refused_by_name),
		cmocka_unit_test(nothing_at_all_is_refused),
	};

	return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
