/* SPDX-License-Identifier: ISC */
/*
 * The configuration file: what it sets, and which place a message names for a
 * fault.
 */
#include "config/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strings.h"

/* Write a file with this text; path is its path. */
static void
write_file(char path[static 32], const char *text, size_t len)
{
	int fd;

	strlcpy(path, "/tmp/config_test.XXXXXX", 32);
	fd = mkstemp(path);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static int
load_bytes(struct options *options, const char *text, size_t len,
    char ***program, char *why, size_t size)
{
	char path[32], *at;
	int status;

	write_file(path, text, len);
	status = options_load(options, path, program, why, size);
	unlink(path);
	/* Messages begin with the path, which is different each time. */
	if (status == -1) {
		at = why + strlen(path);
		assert_memory_equal(why, path, strlen(path));
		memmove(why, at, strlen(at) + 1);
	}
	return status;
}

static int
load(struct options *options, const char *text, char ***program, char *why,
    size_t size)
{
	return load_bytes(options, text, strlen(text), program, why, size);
}

static void
a_whole_file(void **state)
{
	struct options *options = options_new();
	char why[OPTIONS_WHY] = "", **program;

	if (load(options,
		"{ \"name\": \"web\", \"listen\": [\"8080\", \"[::1]:8080\"],\n"
		"  \"keep\": 90, \"clear-env\": true, \"restart-limit\": "
		"\"3/10s\",\n  \"program\": [\"./server\", \"-v\"] }\n",
		&program, why, sizeof(why)) == -1)
		fail_msg("%s", why);
	assert_string_equal(options->name, "web");
	assert_string_equal(options->listen[1], "[::1]:8080");
	assert_int_equal(options->keep_ms, 90000);
	assert_true(options->clear_env);
	assert_int_equal(options->restart_limit.count, 3);
	assert_string_equal(program[0], "./server");
	assert_string_equal(program[1], "-v");
	assert_null(program[2]);
	strings_free(program);
	options_free(options);
}

static void
a_file_without_a_program(void **state)
{
	struct options *options = options_new();
	char why[OPTIONS_WHY], **program;

	assert_int_equal(load(options, " {} ", &program, why, sizeof(why)), 0);
	assert_null(program);
	options_free(options);
}

/* A message names the line and column of the key or the value. */
static void
faults_have_a_place(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "{\n  \"helth\": 1\n}",
		    ":2:3: unknown key \"helth\"; did you mean \"health\"?" },
		{ "{\"zygote\": 1}", ":1:2: unknown key \"zygote\"" },
		{ "{\n\t\"bake\": \"5s\",\n\t\"keep\": \"3q\"\n}",
		    ":3:10: keep: \"3q\": not a duration (500ms, 10s, 5m, "
		    "1h)" },
		{ "{\"env\": [\"A=}],\\\"\", {\"x\": [1, \"]\"]}]}",
		    ":1:21: env: not a list of strings" },
		{ "{\"env\":\n[\"A=1\" ,\n \"B C\"]}",
		    ":3:2: env: \"B C\": not K=V" },
		{ "{\"n\\u0061me\": \"a\", \"b\\u0061ke\" : -1}",
		    ":1:34: bake: \"-1\": not a duration (500ms, 10s, 5m, 1h)" },
		{ "{\"chdir\": \"/\303\244\303\244\", \"umask\": \"8\"}",
		    ":1:27: umask: \"8\": not an octal mask (022)" },
		{ "{\"program\": [\"x\"], \"keep\": null}",
		    ":1:28: keep: not a duration (500ms, 10s, 5m, 1h)" },
		{ "{\"keep\": 1, \"program\": []}",
		    ":1:24: program: not a list of the program and its "
		    "arguments" },
		{ "{\"program\": [\"a\",\n7]}", ":2:1: program: not a string" },
		{ "{\"config\": \"x\"}",
		    ":1:2: config: a configuration file cannot have this option" },
		{ "\n [1]", ":2:2: not a JSON object" },
		{ "{\"keep\": 1, \"keep\": 2}", ":1:18: duplicate object key" },
		{ "{\"keep\": 1,\n}", ":2:1: string or '}' expected" },
		{ "", ":1:0: '[' or '{' expected" },
		{ "{\n\"keep\\\n: 1}", ":3:0: invalid escape" },
		{ "{\"b\\nake\": 1}", ":1:2: unknown key \"b ake\"" },
	};
	struct options *options;
	char why[OPTIONS_WHY], **program;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		options = options_new();
		assert_int_equal(
		    load(options, cases[i].text, &program, why, sizeof(why)),
		    -1);
		assert_null(strchr(why, '\n'));
		if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("%s: got %s", cases[i].why, why);
		assert_null(program);
		options_free(options);
	}
}

static void
a_file_that_cannot_be_read(void **state)
{
	struct options *options = options_new();
	char why[OPTIONS_WHY], **program;

	assert_int_equal(options_load(options, "/nonexistent/web.json",
			     &program, why, sizeof(why)),
	    -1);
	assert_string_equal(
	    why, "/nonexistent/web.json: No such file or directory");
	assert_int_equal(
	    options_load(options, "/", &program, why, sizeof(why)), -1);
	assert_string_equal(why, "/: Is a directory");
	assert_int_equal(load_bytes(options, "{\"name\0\": 1}", 12, &program,
			     why, sizeof(why)),
	    -1);
	options_free(options);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file),
		cmocka_unit_test(a_file_without_a_program),
		cmocka_unit_test(faults_have_a_place),
		cmocka_unit_test(a_file_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
