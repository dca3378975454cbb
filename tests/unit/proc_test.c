/* SPDX-License-Identifier: ISC */
/*
 * Files of /proc/PID: texts that a process may have chosen, and our own.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/proc.h"

static void
a_name_may_have_spaces_and_parentheses(void **state)
{
	static const char *const names[] = { "(server)", "(a b)", "(a) R 1 (b)",
		"())", "( ) Z 9 9 9)", "()" };
	struct proc_stat stat;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strlcpy(text, "42 ", sizeof(text));
		strlcat(text, names[i], sizeof(text));
		strlcat(text,
		    " S 7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 4711 99\n",
		    sizeof(text));
		assert_int_equal(proc_stat_parse(text, &stat), 0);
		assert_int_equal(stat.state, 'S');
		assert_int_equal(stat.parent, 7);
		assert_int_equal(stat.session, 9);
		assert_int_equal(stat.start, 4711);
		assert_false(stat.dead);
		assert_false(stat.exiting);
	}
}

static void
a_zombie_is_dead_unless_a_thread_lives(void **state)
{
	static const struct {
		const char *text;
		bool dead, exiting;
	} cases[] = {
		{ "1 (a) Z 7 8 9 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 5 9", true,
		    true },
		{ "1 (a) Z 7 8 9 0 -1 4 1 2 3 4 5 6 7 8 20 0 2 0 5 9", false,
		    true },
		{ "1 (a) X 7 8 9 0 -1 4 1 2 3 4 5 6 7 8 20 0 2 0 5 9", true,
		    true },
		{ "1 (a) R 7 8 9 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 5 9", false,
		    false },
	};
	struct proc_stat stat;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(proc_stat_parse(cases[i].text, &stat), 0);
		assert_int_equal(stat.dead, cases[i].dead);
		assert_int_equal(stat.exiting, cases[i].exiting);
	}
}

static void
what_is_cut_short_is_refused(void **state)
{
	static const char *const texts[] = { "", "1", "1 (a", "1 (a)",
		"1 (a) S 7 8 9",
		"1 (a) S 7 8 9 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0" };
	struct proc_stat stat;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		errno = 0;
		assert_int_equal(proc_stat_parse(texts[i], &stat), -1);
		assert_int_equal(errno, EBADMSG);
	}
}

static void
a_label_stands_at_the_beginning_of_a_line(void **state)
{
	static const char text[] = "Name:\tGid: 1\nGid:\t7\t8\nUmask:\t0022\n";
	long number;

	assert_string_equal(proc_line(text, "Umask:"), "\t0022\n");
	assert_int_equal(proc_number(text, "Gid:", 10, &number), 0);
	assert_int_equal(number, 7);
	assert_int_equal(proc_number(text, "Umask:", 8, &number), 0);
	assert_int_equal(number, 022);
	assert_int_equal(strncmp(proc_line(text, "Name:"), "\tGid", 4), 0);
	assert_null(proc_line(text, "mask:"));
	assert_null(proc_line("", "Uid:"));
	assert_int_equal(proc_number(text, "Uid:", 10, &number), -1);
	assert_int_equal(errno, ESRCH);
}

static void
strings_of_an_environment_are_compared_whole(void **state)
{
	static const char text[] = "XNAME=a\0NAME=web2\0NAME=web\0LAST=";

	assert_string_equal(proc_variable(text, sizeof(text), "NAME="), "web2");
	assert_null(proc_variable(text, sizeof(text), "AME="));
	assert_string_equal(proc_variable(text, sizeof(text), "LAST="), "");
	assert_true(proc_has_string(text, sizeof(text), "NAME=web"));
	assert_false(proc_has_string(text, sizeof(text), "NAME=we"));
}

static void
our_own_files_are_read(void **state)
{
	unsigned long long start, again;
	int pair[2];
	size_t len;
	char *text;

	assert_int_equal(proc_start_time(PROC_SELF, &start), 0);
	assert_int_equal(proc_start_time(getpid(), &again), 0);
	assert_true(start != 0 && start == again);
	assert_int_equal(proc_state(getpid()), 'R');
	assert_int_equal(proc_start_time(0, &start), -1);
	assert_int_equal(errno, ESRCH);
	assert_non_null(text = proc_status(PROC_SELF));
	assert_non_null(proc_line(text, "Uid:"));
	free(text);
	assert_non_null(text = proc_arguments(PROC_SELF, &len));
	assert_true(len > 0);
	free(text);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(proc_has_socket(PROC_SELF, pair[0]), 1);
	close(pair[0]);
	assert_int_equal(proc_has_socket(PROC_SELF, pair[0]), 0);
	close(pair[1]);
}

static void
a_child_is_found_until_it_is_dead(void **state)
{
	unsigned long long start;
	pid_t pid = fork(), *children;
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_state(pid), 'Z');
	assert_int_equal(proc_start_time(pid, &start), -1);
	assert_int_equal(errno, ESRCH);
	if ((children = proc_children(PROC_SELF, getpid())) != NULL) {
		assert_int_equal(children[0], pid);
		assert_int_equal(children[1], 0);
	}
	free(children);
	waitpid(pid, NULL, 0);
	assert_int_equal(proc_state(pid), '\0');
	assert_int_equal(proc_start_time(pid, &start), -1);
	assert_int_equal(errno, ESRCH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_may_have_spaces_and_parentheses),
		cmocka_unit_test(a_zombie_is_dead_unless_a_thread_lives),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(a_label_stands_at_the_beginning_of_a_line),
		cmocka_unit_test(strings_of_an_environment_are_compared_whole),
		cmocka_unit_test(our_own_files_are_read),
		cmocka_unit_test(a_child_is_found_until_it_is_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
