/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint: what was saved last is loaded; a document that is torn,
 * changed or of a later version is not loaded.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
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
	off_t size;
	char why[256];
	int fd;

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	checkpoint_set_plain(&checkpoint, true);
	save(&checkpoint, CHECKPOINT_VERSION, 1);
	save(&checkpoint, CHECKPOINT_VERSION, 2);
	fd = checkpoint.fds[checkpoint.at];
	assert_int_equal(fstat(fd, &st), 0);
	for (size = st.st_size - 1; size >= 0; size--) {
		assert_int_equal(ftruncate(fd, size), 0);
		assert_int_equal(load(&checkpoint, why, sizeof(why)), 1);
	}
	checkpoint_fini(&checkpoint);
}

static int
zero(const struct checkpoint *checkpoint, off_t at, size_t n)
{
	static const char zeros[128];
	int i;

	for (i = 0; i < CHECKPOINT_FILES; i++)
		if (pwrite(checkpoint->fds[i], zeros, n, at) != (ssize_t)n)
			return -1;
	return 0;
}

/*
 * A record's line is written last: if the writer is killed before, or within
 * the line, zeros are there.
 */
static void
one_that_is_not_finished_leaves_the_one_before(void **state)
{
	struct checkpoint checkpoint;
	char why[256];
	off_t at;
	int i;

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	save(&checkpoint, CHECKPOINT_VERSION, 1);
	save(&checkpoint, CHECKPOINT_VERSION, 2);
	at = checkpoint.end;
	save(&checkpoint, CHECKPOINT_VERSION, 3);
	for (i = 50; i >= 0; i--) {
		assert_int_equal(zero(&checkpoint, at + i, 90 - (size_t)i), 0);
		assert_int_equal(load(&checkpoint, why, sizeof(why)), 2);
	}
	checkpoint_fini(&checkpoint);
}

/* What is lost was answered: an older document is no answer. */
static void
one_cut_short_with_records_is_refused(void **state)
{
	struct checkpoint checkpoint;
	char why[256];
	off_t end, at;

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	save(&checkpoint, CHECKPOINT_VERSION, 1);
	save(&checkpoint, CHECKPOINT_VERSION, 2);
	end = checkpoint.end;
	save(&checkpoint, CHECKPOINT_VERSION, 3);
	for (at = checkpoint.end - 1; at > end; at--) {
		assert_int_equal(ftruncate(checkpoint.fds[0], at), 0);
		assert_int_equal(load(&checkpoint, why, sizeof(why)), 3);
	}
	assert_int_equal(ftruncate(checkpoint.fds[1], checkpoint.end - 1), 0);
	assert_int_equal(load(&checkpoint, why, sizeof(why)), -1);
	checkpoint_fini(&checkpoint);
}

static void
a_plain_one_has_no_records(void **state)
{
	struct checkpoint checkpoint;
	char why[256];

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	save(&checkpoint, CHECKPOINT_VERSION, 1);
	save(&checkpoint, CHECKPOINT_VERSION, 2);
	assert_true(checkpoint.end > checkpoint.whole);
	checkpoint_set_plain(&checkpoint, true);
	save(&checkpoint, CHECKPOINT_VERSION, 2);
	assert_true(checkpoint.end == checkpoint.whole);
	assert_int_equal(load(&checkpoint, why, sizeof(why)), 2);
	checkpoint_fini(&checkpoint);
}

/*
 * A build that knows no records refuses a file with records: it must not find
 * an older document in the other one.
 */
static void
with_records_both_files_are_the_same(void **state)
{
	struct checkpoint checkpoint;
	char *text[CHECKPOINT_FILES], why[256];
	size_t len[CHECKPOINT_FILES], i;

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	checkpoint_set_plain(&checkpoint, true);
	save(&checkpoint, CHECKPOINT_VERSION, 1);
	save(&checkpoint, CHECKPOINT_VERSION, 2);
	checkpoint_set_plain(&checkpoint, false);
	save(&checkpoint, CHECKPOINT_VERSION, 3);
	for (i = 0; i < CHECKPOINT_FILES; i++)
		text[i] = fd_read_whole(checkpoint.fds[i], 1 << 20, &len[i]);
	assert_int_equal(len[0], len[1]);
	assert_memory_equal(text[0], text[1], len[0]);
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		assert_int_equal(ftruncate(checkpoint.fds[i], 0), 0);
		assert_int_equal(
		    load(&checkpoint, why, sizeof(why)), i ? -1 : 3);
		free(text[i]);
	}
	checkpoint_fini(&checkpoint);
}

/* Is this what a successor loads? */
static bool
has(const struct checkpoint *checkpoint, const json_t *document)
{
	struct checkpoint successor;
	int fds[CHECKPOINT_FILES], i;
	json_t *loaded;
	char why[256];
	bool same;

	for (i = 0; i < CHECKPOINT_FILES; i++)
		fds[i] = dup(checkpoint->fds[i]);
	checkpoint_adopt(&successor, fds);
	loaded = checkpoint_load(&successor, why, sizeof(why));
	same = json_equal(loaded, document);
	json_decref(loaded);
	checkpoint_fini(&successor);
	return same;
}

/*
 * A copy is saved after the memfds with the same change.  Where its document or
 * its number is another, the change must not be written into it.
 */
static void
a_change_is_written_only_into_what_it_is_of(void **state)
{
	enum { FIRST, SAME, OTHER, LOWER, COPIES };
	struct checkpoint_change change = { .patch = NULL };
	struct checkpoint copies[COPIES];
	struct checkpoint_part *record = NULL;
	json_t *document;
	int number, i;

	for (i = 0; i < COPIES; i++)
		assert_int_equal(checkpoint_init(&copies[i]), 0);
	for (number = 0; number < 6; number++) {
		document = json_pack("{si si sb}", "version",
		    CHECKPOINT_VERSION, "number", number, "late", number >= 3);
		for (i = 0; i < COPIES; i++) {
			if (i == OTHER && number == 3) {
				save(&copies[i], CHECKPOINT_VERSION, number);
				continue;
			}
			if (i == LOWER && number == 0)
				continue;
			assert_int_equal(checkpoint_save_change(
					     &copies[i], document, &change),
			    0);
			assert_true(has(&copies[i], document));
			if (i == FIRST)
				record = change.record;
			if (i == SAME)
				assert_ptr_equal(change.record, record);
		}
		checkpoint_change_fini(&change);
		json_decref(document);
	}
	for (i = 0; i < COPIES; i++)
		checkpoint_fini(&copies[i]);
}

/* What is written for n lists of one, two, three and up to n elements. */
static unsigned long long
write_lists(size_t n)
{
	json_t *list = json_array(), *document;
	struct checkpoint checkpoint;
	unsigned long long written = 0;
	off_t end = 0;
	size_t i;

	assert_int_equal(checkpoint_init(&checkpoint), 0);
	for (i = 0; i < n; i++) {
		json_array_append_new(
		    list, json_pack("{s[iii]}", "one", 1, 2, 3));
		document = json_pack(
		    "{si so}", "version", 1, "number", json_copy(list));
		assert_int_equal(checkpoint_save(&checkpoint, document), 0);
		json_decref(document);
		written += (unsigned long long)(checkpoint.end > end
			? checkpoint.end - end
			: checkpoint.end);
		end = checkpoint.end;
	}
	json_decref(list);
	checkpoint_fini(&checkpoint);
	return written;
}

static void
what_is_written_grows_with_what_has_changed(void **state)
{
	assert_true(write_lists(16000) < 6 * write_lists(4000));
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
	save(&checkpoint, CHECKPOINT_VERSION, 6);
	save(&checkpoint, CHECKPOINT_VERSION, 7);
	save(&checkpoint, CHECKPOINT_VERSION, 8);
	fd = checkpoint.fds[checkpoint.at];
	assert_int_equal(ftruncate(checkpoint.fds[1 - checkpoint.at], 0), 0);
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
	assert_int_equal(load(&checkpoint, why, sizeof(why)), 8);
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
		cmocka_unit_test(
		    one_that_is_not_finished_leaves_the_one_before),
		cmocka_unit_test(one_cut_short_with_records_is_refused),
		cmocka_unit_test(a_plain_one_has_no_records),
		cmocka_unit_test(with_records_both_files_are_the_same),
		cmocka_unit_test(a_change_is_written_only_into_what_it_is_of),
		cmocka_unit_test(what_is_written_grows_with_what_has_changed),
		cmocka_unit_test(no_flipped_bit_is_taken_for_the_truth),
		cmocka_unit_test(a_later_version_is_refused_by_name),
		cmocka_unit_test(nothing_at_all_is_refused),
	};

	return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
