/* SPDX-License-Identifier: ISC */
/*
 * Bounded log files: no line is lost or cut, whoever renames the file and
 * however many processes write to it.
 */
#include "base/logfile.h"

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

#define WRITERS 4
#define LINES	2000

static char directory[32];

static int
set_up(void **state)
{
	strlcpy(directory, "/tmp/logfile-test-XXXXXX", sizeof(directory));
	return mkdtemp(directory) != NULL ? chdir(directory) : -1;
}

static int
tear_down(void **state)
{
	glob_t found;
	size_t i;

	if (glob("*", 0, NULL, &found) == 0) {
		for (i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
		globfree(&found);
	}
	return chdir("/") == 0 ? rmdir(directory) : -1;
}

static void
write_line(struct logfile *file, const char *line)
{
	assert_int_equal(logfile_write(file, line, strlen(line)), 0);
}

static void
expect(const char *path, const char *wanted)
{
	char *text = fd_read_file(path, 1 << 20, NULL);

	if (text == NULL)
		fail_msg("%s is not there", path);
	assert_string_equal(text, wanted);
	free(text);
}

static void
what_fits_is_cut_behind_a_line(void **state)
{
	static const struct {
		const char *data;
		size_t room;
		bool midline;
		size_t cut;
	} cases[] = {
		{ "ab\ncd\n", 6, false, 6 },
		{ "ab\ncd\n", 5, false, 3 },
		{ "ab\ncd\n", 3, false, 3 },
		{ "ab\ncd\n", 2, false, 0 },
		{ "ab\ncd\n", 2, true, 3 },
		{ "ab\ncd\n", 0, true, 3 },
		{ "ab\ncd\n", 0, false, 0 },
		{ "abcdef", 3, false, 0 },
		{ "abcdef", 3, true, 3 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    logfile_cut(cases[i].data, strlen(cases[i].data),
			cases[i].room, cases[i].midline),
		    cases[i].cut);
}

static void
old_files_are_kept_by_number_and_the_oldest_goes(void **state)
{
	struct logfile file = { .path = "log", .fd = -1, .max = 8 };
	struct stat st;
	char line[16];
	int i;

	for (i = 0; i < 9; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		write_line(&file, line);
	}
	expect("log", "line 8\n");
	expect("log.1", "line 7\n");
	expect("log.5", "line 3\n");
	assert_int_equal(access("log.6", F_OK), -1);
	assert_int_equal(stat("log", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	fd_close(&file.fd);
}

static void
a_renamed_file_is_written_to_until_another_has_its_name(void **state)
{
	struct logfile file = { .path = "log", .fd = -1 };
	int other;

	write_line(&file, "one\n");
	assert_int_equal(rename("log", "old"), 0);
	write_line(&file, "two\n");
	expect("old", "one\ntwo\n");
	assert_int_equal(logfile_reopen(&file), 0);
	write_line(&file, "three\n");
	expect("log", "three\n");
	assert_int_equal(rename("log", "old"), 0);
	other = open("log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	write_line(&file, "four\n");
	expect("log", "four\n");
	expect("old", "three\n");
	assert_int_equal(truncate("log", 0), 0);
	write_line(&file, "five\n");
	expect("log", "five\n");
	assert_int_equal(unlink("log"), 0);
	write_line(&file, "six\n");
	expect("log", "six\n");
	fd_close(&other);
	fd_close(&file.fd);
}

static void
a_link_in_its_place_is_not_followed(void **state)
{
	struct logfile file = { .path = "log", .fd = -1 };

	assert_int_equal(symlink("victim", "log"), 0);
	assert_int_equal(logfile_write(&file, "x\n", 2), -1);
	assert_int_equal(access("victim", F_OK), -1);
	assert_int_equal(unlink("log"), 0);
	write_line(&file, "x\n");
	fd_close(&file.fd);
}

static void
write_many(unsigned int writer)
{
	struct logfile file = { .path = "log", .fd = -1, .max = 65536 };
	char line[64];
	int i, n;

	for (i = 0; i < LINES; i++) {
		n = snprintf(
		    line, sizeof(line), "writer %u line %d\n", writer, i);
		if (logfile_write(&file, line, (size_t)n) == -1)
			_exit(1);
	}
	_exit(0);
}

/* 4 * 2000 lines of at most 22 bytes fit into the files that are kept. */
static void
several_writers_lose_nothing(void **state)
{
	unsigned int lines = 0, i;
	int status, c, last = '\n';
	glob_t found;
	FILE *file;
	size_t k;

	for (i = 0; i < WRITERS; i++)
		if (fork() == 0)
			write_many(i);
	while (wait(&status) > 0)
		assert_int_equal(status, 0);
	assert_int_equal(glob("log*", 0, NULL, &found), 0);
	assert_true(found.gl_pathc > 1);
	for (k = 0; k < found.gl_pathc; k++) {
		file = fopen(found.gl_pathv[k], "re");
		while ((c = getc(file)) != EOF) {
			lines += c == '\n';
			last = c;
		}
		assert_int_equal(last, '\n');
		fclose(file);
	}
	globfree(&found);
	assert_int_equal(lines, WRITERS * LINES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_cut_behind_a_line),
		cmocka_unit_test_setup_teardown(
		    old_files_are_kept_by_number_and_the_oldest_goes, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    a_renamed_file_is_written_to_until_another_has_its_name,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_link_in_its_place_is_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    several_writers_lose_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
