/* SPDX-License-Identifier: ISC */
/*
 * The journal: what is written is read again, even after a crash or a full
 * disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "keep/journal.h"

static char directory[] = "/tmp/journal-test-XXXXXX";
static char path[sizeof(directory) + 8];

static int
make_directory(void **state)
{
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/history", directory);
	return 0;
}

static int
remove_directory(void **state)
{
	return rmdir(directory);
}

static int
remove_file(void **state)
{
	unlink(path);
	return 0;
}

static json_t *
entry(int n)
{
	return json_pack("{si}", "n", n);
}

static void
write_file(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void
expect_file(const char *text)
{
	char *found = fd_read_file(path, 1 << 20, NULL);

	assert_non_null(found);
	assert_string_equal(found, text);
	free(found);
}

static int
number(const json_t *entries, size_t i)
{
	const json_t *object = json_array_get(entries, i);

	return (int)json_integer_value(json_object_get(object, "n"));
}

static void
expect_count(const struct journal *journal, size_t n)
{
	json_t *entries = journal_entries(journal);

	assert_int_equal(json_array_size(entries), n);
	json_decref(entries);
}

/* The number in entry i. */
static int
number_in(const struct journal *journal, size_t i)
{
	json_t *entries = journal_entries(journal);
	int n = number(entries, i);

	json_decref(entries);
	return n;
}

/* The n of the entry with this id; 0 if there is none. */
static int
find(const struct journal *journal, const char *id)
{
	json_t *found = journal_find(journal, "id", id);
	int n = (int)json_integer_value(json_object_get(found, "n"));

	json_decref(found);
	return n;
}

static void
the_newest_entry_with_a_text_is_found(void **state)
{
	static const char *const ids[] = { "a", "b \"c\\", "a", "", "ab" };
	struct journal *journal = journal_open(path, 0);
	size_t i;

	assert_int_equal(find(journal, "a"), 0);
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(journal_append(journal,
				     json_pack("{si ss ss}", "n", (int)i + 1,
					 "id", ids[i], "other", "x")),
		    0);
	assert_int_equal(find(journal, "a"), 3);
	assert_int_equal(find(journal, "b \"c\\"), 2);
	assert_int_equal(find(journal, ""), 4);
	assert_int_equal(find(journal, "x"), 0);
	journal_close(journal);
}

static void
entries_are_read_by_the_next_supervisor(void **state)
{
	struct journal *journal = journal_open(path, 0);

	expect_count(journal, 0);
	assert_int_equal(journal_append(journal, entry(1)), 0);
	assert_int_equal(journal_append(journal, entry(2)), 0);
	journal_close(journal);
	expect_file("{\"n\":1}\n{\"n\":2}\n");

	journal = journal_open(path, 0);
	expect_count(journal, 2);
	assert_int_equal(number_in(journal, 1), 2);
	journal_close(journal);
}

static void
reading_needs_no_supervisor_and_a_missing_file_is_told(void **state)
{
	json_t *entries;

	assert_null(journal_read(path));
	assert_int_equal(errno, ENOENT);
	write_file("{\"n\":7}\n");
	entries = journal_read(path);
	assert_int_equal(number(entries, 0), 7);
	json_decref(entries);
}

static void
a_torn_line_is_left_out_and_spoils_no_other(void **state)
{
	struct journal *journal;
	json_t *entries;

	write_file("{\"n\":1}\n{\"n\":");
	journal = journal_open(path, 0);
	expect_count(journal, 1);
	assert_int_equal(journal_append(journal, entry(3)), 0);
	journal_close(journal);
	expect_file("{\"n\":1}\n{\"n\":\n{\"n\":3}\n");
	entries = journal_read(path);
	assert_int_equal(json_array_size(entries), 2);
	assert_int_equal(number(entries, 1), 3);
	json_decref(entries);
}

static void
lines_of_another_kind_are_left_out(void **state)
{
	json_t *entries;

	write_file("[1]\nnonsense\n\n{\"n\":4}\n\"text\"\n");
	entries = journal_read(path);
	assert_int_equal(json_array_size(entries), 1);
	assert_int_equal(number(entries, 0), 4);
	json_decref(entries);
}

static void
what_is_no_object_is_refused(void **state)
{
	struct journal *journal = journal_open(path, 0);

	assert_int_equal(journal_append(journal, json_integer(1)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(journal_append(journal, NULL), -1);
	expect_count(journal, 0);
	journal_close(journal);
}

/* A limit on the file's size cuts a write short, as a full disk does. */
static void
limit_size(rlim_t size)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
what_a_full_disk_refuses_is_written_later(void **state)
{
	struct journal *journal = journal_open(path, 0);

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(journal_append(journal, entry(1)), 0);
	limit_size(12); /* room for half a line */
	assert_int_equal(journal_append(journal, entry(2)), -1);
	assert_int_equal(journal_append(journal, entry(3)), -1);
	limit_size(RLIM_INFINITY);
	expect_file("{\"n\":1}\n");
	expect_count(journal, 3);

	assert_int_equal(journal_append(journal, entry(4)), 0);
	expect_file("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n");
	journal_close(journal);
}

static void
a_directory_that_comes_later_gets_all_entries(void **state)
{
	char later[sizeof(path) + 16], missing[sizeof(path) + 8];
	struct journal *journal;
	json_t *entries;

	snprintf(missing, sizeof(missing), "%s/later", directory);
	snprintf(later, sizeof(later), "%s/history", missing);
	journal = journal_open(later, 0);
	assert_int_equal(journal_append(journal, entry(1)), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mkdir(missing, 0700), 0);
	assert_int_equal(journal_append(journal, entry(2)), 0);
	entries = journal_read(later);
	assert_int_equal(json_array_size(entries), 2);
	json_decref(entries);
	journal_close(journal);
	unlink(later);
	rmdir(missing);
}

static void
only_the_newest_are_kept_in_memory(void **state)
{
	struct journal *journal = journal_open(path, 0);
	json_t *entries;
	int i;

	for (i = 1; i <= JOURNAL_MAX + 5; i++)
		assert_int_equal(journal_append(journal, entry(i)), 0);
	expect_count(journal, JOURNAL_MAX);
	assert_int_equal(number_in(journal, 0), 6);
	journal_close(journal);
	entries = journal_read(path);
	assert_int_equal(json_array_size(entries), JOURNAL_MAX);
	assert_int_equal(number(entries, JOURNAL_MAX - 1), JOURNAL_MAX + 5);
	json_decref(entries);
}

static void
with_a_limit_the_file_before_stays_and_no_more(void **state)
{
	struct journal *journal = journal_open(path, 64);
	char old[sizeof(path) + 8];
	json_t *entries;
	struct stat st;
	size_t n;
	int i;

	snprintf(old, sizeof(old), "%s" JOURNAL_OLD, path);
	for (i = 1; i <= 100; i++) {
		assert_int_equal(journal_append(journal, entry(i)), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_in_range(st.st_size, 1, 64 + 16);
	}
	assert_int_equal(stat(old, &st), 0);
	assert_in_range(st.st_size, 64, 64 + 16);
	entries = journal_entries(journal);
	n = json_array_size(entries);
	assert_in_range(n, 64 / 16, 20);
	assert_int_equal(number(entries, n - 1), 100);
	assert_int_equal(number(entries, 0), 100 - n + 1);
	json_decref(entries);
	journal_close(journal);
	unlink(old);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
		    the_newest_entry_with_a_text_is_found, remove_file),
		cmocka_unit_test_teardown(
		    entries_are_read_by_the_next_supervisor, remove_file),
		cmocka_unit_test_teardown(
		    reading_needs_no_supervisor_and_a_missing_file_is_told,
		    remove_file),
		cmocka_unit_test_teardown(
		    a_torn_line_is_left_out_and_spoils_no_other, remove_file),
		cmocka_unit_test_teardown(
		    lines_of_another_kind_are_left_out, remove_file),
		cmocka_unit_test_teardown(
		    what_is_no_object_is_refused, remove_file),
		cmocka_unit_test_teardown(
		    what_a_full_disk_refuses_is_written_later, remove_file),
		cmocka_unit_test_teardown(
		    a_directory_that_comes_later_gets_all_entries, remove_file),
		cmocka_unit_test_teardown(
		    only_the_newest_are_kept_in_memory, remove_file),
		cmocka_unit_test_teardown(
		    with_a_limit_the_file_before_stays_and_no_more,
		    remove_file),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
