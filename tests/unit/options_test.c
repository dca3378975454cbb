/* SPDX-License-Identifier: ISC */
/*
 * Options: every row of the table is set, refused and carried through JSON, so
 * that a new row is tested at once.
 */
#include "config/options.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "process/spawn.h"

/* Valid texts that are not the default, by kind. */
static const char *const samples[][4] = {
	[OPTION_FLAG] = { "true" },
	[OPTION_STRING] = { "value", "x.y_z-1" },
	[OPTION_LIST] = { "value" },
	[OPTION_COUNT] = { "7", "2147483647" },
	[OPTION_DURATION] = { "1500ms", "3h", "0.25s" },
	[OPTION_SIGNAL] = { "WINCH", "SIGRTMIN+2", "1" },
	[OPTION_UMASK] = { "027", "0", "777" },
	[OPTION_READY] = { "notify", "exec:./is-ready now", "1.5s" },
	[OPTION_LIMIT] = { "9/2m" },
	[OPTION_SIZE] = { "4096", "64k", "1.5G" },
	[OPTION_SHARES] = { "5,25,50", "0,1,99", "10" },
};

/* For rows whose text must have a special form. */
static const struct sample {
	const char *name;
	const char *text;
} special[] = {
	{ "listen", "web=127.0.0.1:8080" },
	{ "ignore", "127.0.0.1:8080" },
	{ "health", "http://127.0.0.1:8080/health" },
	{ "warm", "http://127.0.0.1:8080/" },
	{ "warm-parallel", "16" },
	{ "env", "KEY=a=b" },
	{ "pass", "nginx,einhorn" },
	{ "preview", "2001:db8::/32" },
	{ "hook", "rolled-back=tell a=b" },
};

/* The n-th text for a row; NULL after the last. */
static const char *
sample(const struct option_row *row, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (strcmp(special[i].name, row->name) == 0)
			return n == 0 ? special[i].text : NULL;
	}
	if (row->kind == OPTION_WORD)
		return n == 0 ? row->words[1] : NULL;
	assert_non_null(samples[row->kind][0]);
	return n < 3 ? samples[row->kind][n] : NULL;
}

static void
set(struct options *options, const char *name, const char *text)
{
	const struct option_row *row = option_find(name);
	char why[OPTIONS_WHY] = "";

	assert_non_null(row);
	if (option_set(options, row, text, why, sizeof(why)) == -1)
		fail_msg("%s", why);
}

static void
refused(const char *name, const char *text, const char *reason)
{
	struct options *options = options_new();
	json_t *before = options_to_json(options), *after;
	char why[OPTIONS_WHY] = "", expected[OPTIONS_WHY];

	assert_int_equal(
	    option_set(options, option_find(name), text, why, sizeof(why)), -1);
	snprintf(
	    expected, sizeof(expected), "%s: \"%s\": %s", name, text, reason);
	assert_string_equal(why, expected);
	after = options_to_json(options);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	options_free(options);
}

static void
assert_same(const struct options *a, const struct options *b)
{
	json_t *x = options_to_json(a), *y = options_to_json(b);

	assert_true(json_equal(x, y));
	json_decref(x);
	json_decref(y);
}

static void
defaults_are_those_of_the_table(void **state)
{
	struct options *options = options_new();
	json_t *object = options_to_json(options);

	assert_int_equal(json_object_size(object), 0);
	assert_null(options->name);
	assert_null(options->listen[0]);
	assert_int_equal(options->backlog, 4096);
	assert_int_equal(
	    options->pass, PASS_SYSTEMD | PASS_SERVER_STARTER | PASS_EINHORN);
	assert_int_equal(options->health_interval_ms, 500);
	assert_int_equal(options->keep_ms, 300000);
	assert_int_equal(options->stop_signal, SIGTERM);
	assert_int_equal(options->park_signal, 0);
	assert_int_equal(options->restart_limit.count, 5);
	assert_int_equal(options->restart_limit.window_ms, 60000);
	assert_int_equal(options->umask, -1);
	assert_int_equal(options->ready.kind, READY_AUTO);
	json_decref(object);
	options_free(options);
}

static void
every_row_survives_json_and_copies(void **state)
{
	struct options *options, *read, *copy;
	char why[OPTIONS_WHY] = "";
	const char *key, *text;
	json_t *object;
	size_t i, n;

	for (i = 0; i < option_count; i++) {
		for (n = 0; (text = sample(&option_table[i], n)) != NULL; n++) {
			options = options_new();
			set(options, option_table[i].name, text);
			object = options_to_json(options);
			assert_int_equal(json_object_size(object), 1);
			read = options_new();
			if (options_set_json(read, object, false, &key, why,
				sizeof(why)) == -1)
				fail_msg("%s", why);
			assert_same(options, read);
			copy = options_copy(options);
			assert_same(options, copy);
			json_decref(object);
			options_free(options);
			options_free(read);
			options_free(copy);
		}
	}
}

static void
all_rows_together_survive_json(void **state)
{
	struct options *options = options_new(), *copy;
	json_t *object;
	size_t i;

	for (i = 0; i < option_count; i++)
		set(options, option_table[i].name, sample(&option_table[i], 0));
	object = options_to_json(options);
	assert_int_equal(json_object_size(object), option_count);
	copy = options_copy(options);
	assert_same(options, copy);
	for (i = 0; i < option_count; i++)
		set(options, option_table[i].name, NULL);
	json_object_clear(object);
	json_decref(object);
	object = options_to_json(options);
	assert_int_equal(json_object_size(object), 0);
	json_decref(object);
	options_free(options);
	options_free(copy);
}

static void
rows_are_complete(void **state)
{
	const struct option_row *row;
	size_t i, j;

	for (i = 0; i < option_count; i++) {
		row = &option_table[i];
		assert_ptr_equal(option_find(row->name), row);
		assert_non_null(row->help);
		assert_true(
		    (row->kind == OPTION_FLAG) == (row->metavar == NULL));
		for (j = 0; j < i; j++) {
			assert_int_not_equal(
			    row->offset, option_table[j].offset);
			assert_true(row->letter == 0 ||
			    row->letter != option_table[j].letter);
		}
	}
	assert_null(option_find("zygote"));
	assert_null(option_find(""));
}

/* The list is repeated here, so that no row gets into it by mistake. */
static void
members_of_the_control_group_set_nothing_that_is_run(void **state)
{
	static const char *const theirs[] = { "start-timeout", "canary",
		"step-time", "sticky", "preview", "bake", "keep",
		"drain-timeout", "drain-idle" };
	const size_t n = sizeof(theirs) / sizeof(theirs[0]);
	const struct option_row *row;
	json_t *object;
	size_t i, j;

	for (i = 0; i < option_count; i++) {
		row = &option_table[i];
		for (j = 0; j < n; j++)
			if (strcmp(theirs[j], row->name) == 0)
				break;
		assert_int_equal(row->for_members, j < n);
		object = json_pack("{ss ss}", "bake", "1s", row->name, "x");
		if (row->for_upgrade && j == n)
			assert_string_equal(options_owners(object), row->name);
		else
			assert_null(options_owners(object));
		json_decref(object);
	}
	assert_null(options_owners(NULL));
}

static void
lists_grow_and_empty(void **state)
{
	struct options *options = options_new();

	set(options, "env", "A=1");
	set(options, "env", "B=2");
	assert_string_equal(options->env[0], "A=1");
	assert_string_equal(options->env[1], "B=2");
	assert_null(options->env[2]);
	set(options, "env", NULL);
	assert_null(options->env[0]);
	options_free(options);
}

static void
wrong_values_are_refused_with_a_reason(void **state)
{
	refused("health-interval", "3q", "not a duration (500ms, 10s, 5m, 1h)");
	refused("health-interval", "0", "must be more than 0");
	refused("health-interval", "0.0s", "must be more than 0");
	refused("keep", "1200h", "too long (at most 49 days)");
	refused("backlog", "-1", "not a whole number");
	refused("backlog", "2147483648", "too large");
	refused("health-passes", "0", "must be more than 0");
	refused("restart", "sometimes", "not one of always, on-failure, never");
	refused("pass", "systemd,,nginx",
	    "not one of systemd, server-starter, einhorn, nginx");
	refused("umask", "08", "not an octal mask (022)");
	refused("umask", "1777", "not an octal mask (022)");
	refused("restart-limit", "5",
	    "not a limit (5/60s: five times in 60 seconds)");
	refused("restart-limit", "0/60s",
	    "not a limit (5/60s: five times in 60 seconds)");
	refused("canary", "5,5",
	    "each percent must be greater than the one before");
	refused("canary", "25,5",
	    "each percent must be greater than the one before");
	refused(
	    "canary", "100", "not a list of percents from 0 to 99 (5,25,50)");
	refused(
	    "canary", "5,", "not a list of percents from 0 to 99 (5,25,50)");
	refused("canary", "none,5",
	    "not a list of percents from 0 to 99 (5,25,50)");
	refused("step-time", "0", "must be more than 0");
	refused("preview", "10.0.0.0/33",
	    "not a network (10.1.0.0/16, 2001:db8::/32)");
	refused("stop-signal", "SIGNONE", "not a signal (SIGTERM, USR2, 15)");
	refused("ready", "exec:",
	    "not auto, notify, listen, exec: with a command, or a duration");
	refused("env", "K Y", "not K=V");
	refused("env", "1KEY", "not K=V");
	refused("env", "", "not K=V");
	refused("env", "=v", "has no name before '='");
	refused("check", "", "empty");
	refused("name", "a/b",
	    "has characters other than letters, digits, '.', '_', '-'");
	refused("name", "..", "cannot be a file name");
	refused("name",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "longer than 64 characters");
}

static void
messages_are_one_line_of_utf8(void **state)
{
	struct options *options = options_new();
	const struct option_row *row = option_find("env");
	char why[OPTIONS_WHY], text[600];
	json_t *string;
	size_t i;

	assert_int_equal(
	    option_set(options, row, "a\nb\033[1m", why, sizeof(why)), -1);
	assert_string_equal(why, "env: \"a?b?[1m\": not K=V");
	text[0] = 'x';
	for (i = 1; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\303\244", 3);
	assert_int_equal(option_set(options, row, text, why, sizeof(why)), -1);
	string = json_string(why);
	assert_non_null(string);
	json_decref(string);
	assert_int_equal(
	    option_set(options, row, "K=\377", why, sizeof(why)), -1);
	assert_string_equal(why, "env: not UTF-8");
	options_free(options);
}

#define NEEDS_WHOLE_PATH                                                         \
	"after a + the command needs an absolute path: a relative one could be " \
	"the program's own"

static void
health_checks(void **state)
{
	static const char *const good[] = { "http://127.0.0.1:8080/health",
		"https://localhost/", "http://[::1]:80/", "tcp://[::1]:25",
		"tcp://h:1?send=PING%0d%0a&expect=PONG", "grpc://h:50051",
		"grpc://h:50051/my.Service", "unix:/run/x.sock:http:/health",
		"unix:@x:http:/", "unix:/run/x.sock", "grpcs://h:443",
		"exec:./check --all", "http://127.0.0.1:808{slot}/health",
		"exec:+/srv/check", "exec:+ check a/b", "exec:+X=a/b check" };
	static const struct {
		const char *text;
		const char *why;
	} bad[] = {
		{ "ftp://h/",
		    "does not begin with http://, https://, tcp://, grpc://, "
		    "grpcs://, unix: or exec:" },
		{ "http:///x", "has no host" },
		{ "http://h:0/", "the port is not a number up to 65535" },
		{ "http://h:65536/", "the port is not a number up to 65535" },
		{ "http://h:/", "the port is not a number up to 65535" },
		{ "http://[::1/", "the host in [] is not complete" },
		{ "http://[::1]8080/", "has no ':' between host and port" },
		{ "http://h/a b", "has a space (write %20)" },
		{ "tcp://h", "has no port" },
		{ "tcp://h:1/path", "tcp:// takes no path" },
		{ "tcp://h:1?receive=x",
		    "tcp:// takes only ?send= and expect=" },
		{ "grpc://h:1?x", "grpc checks take no '?'" },
		{ "unix:x:http:/",
		    "unix: needs an absolute path, or @ and a name" },
		{ "unix:/run/x.sock:tcp:/",
		    "not unix:PATH or unix:PATH:http:/PATH" },
		{ "unix:/", "unix: has no path" },
		{ "exec: ", "has no command" },
		{ "exec:+ ", "has no command" },
		{ "exec:+./check", NEEDS_WHOLE_PATH },
		{ "exec:+ \"bin/check\" -v", NEEDS_WHOLE_PATH },
	};
	struct options *options = options_new();
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		set(options, "health", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused("health", bad[i].text, bad[i].why);
	options_free(options);
}

static void
listen_addresses(void **state)
{
	struct options *options = options_new();
	const char *address;
	size_t len;

	set(options, "listen", "8080");
	set(options, "listen", "web=[::1]:8080");
	set(options, "listen", "/run/a=b.sock");
	refused("listen", "=8080", "the name before '=' is empty");
	refused("listen", "a:b=8080",
	    "the name before '=' has a ':', a space or a control character");
	address = options_listen_address("web=udp:53", &len);
	assert_string_equal(address, "udp:53");
	assert_int_equal(len, 3);
	address = options_listen_address("/run/a=b.sock", &len);
	assert_string_equal(address, "/run/a=b.sock");
	assert_int_equal(len, 0);
	address = options_listen_address("x=@a=b", &len);
	assert_string_equal(address, "@a=b");
	assert_int_equal(len, 1);
	options_free(options);
}

/* Options of an upgrade, or an invalid object: all or nothing. */
static void
json_objects(void **state)
{
	static const struct {
		const char *text;
		bool for_upgrade;
		const char *key;
		const char *why;
	} bad[] = {
		{ "{'helth':'x'}", false, "helth",
		    "unknown key \"helth\"; did you mean \"health\"?" },
		{ "{'zygote':'off'}", false, "zygote",
		    "unknown key \"zygote\"" },
		{ "{'bake':'9s','retain':2}", true, "retain",
		    "retain: an upgrade cannot change this option" },
		{ "{'bake':'9s','keep':true}", false, "keep",
		    "keep: not a duration (500ms, 10s, 5m, 1h)" },
		{ "{'bake':'9s','clear-env':1}", false, "clear-env",
		    "clear-env: not true or false" },
		{ "{'backlog':1.5}", false, "backlog",
		    "backlog: not a whole number" },
		{ "{'umask':22}", false, "umask",
		    "umask: not a string of octal digits" },
		{ "{'env':['A=1',null]}", false, "env",
		    "env: not a list of strings" },
		{ "{'env':[['A=1']]}", false, "env",
		    "env: not a list of strings" },
		{ "{'user':['a']}", false, "user", "user: not a string" },
	};
	struct options *options, *fresh = options_new();
	char why[OPTIONS_WHY], text[128], *quote;
	json_t *object;
	const char *key;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strlcpy(text, bad[i].text, sizeof(text));
		while ((quote = strchr(text, '\'')) != NULL)
			*quote = '"';
		object = json_loads(text, 0, NULL);
		assert_non_null(object);
		options = options_new();
		assert_int_equal(
		    options_set_json(options, object, bad[i].for_upgrade, &key,
			why, sizeof(why)),
		    -1);
		assert_string_equal(key, bad[i].key);
		assert_string_equal(why, bad[i].why);
		assert_same(options, fresh);
		options_free(options);
		json_decref(object);
	}
	options_free(fresh);
}

static void
json_values_of_every_type(void **state)
{
	struct options *options = options_new();
	char why[OPTIONS_WHY];
	const char *key;
	json_t *object = json_pack("{si sf si s[is] ss sb si}", "bake", 7,
	    "keep", 0.1, "user", 1000, "listen", 8080, "[::1]:8081", "env",
	    "A=1", "clear-env", 1, "stop-signal", 3);

	set(options, "listen", "9090");
	assert_int_equal(
	    options_set_json(options, object, false, &key, why, sizeof(why)),
	    0);
	assert_int_equal(options->bake_ms, 7000);
	assert_int_equal(options->keep_ms, 100);
	assert_string_equal(options->user, "1000");
	assert_string_equal(options->listen[0], "8080");
	assert_string_equal(options->listen[1], "[::1]:8081");
	assert_null(options->listen[2]);
	assert_string_equal(options->env[0], "A=1");
	assert_true(options->clear_env);
	assert_int_equal(options->stop_signal, SIGQUIT);
	json_decref(object);
	options_free(options);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_table),
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(every_row_survives_json_and_copies),
		cmocka_unit_test(all_rows_together_survive_json),
		cmocka_unit_test(
		    members_of_the_control_group_set_nothing_that_is_run),
		cmocka_unit_test(lists_grow_and_empty),
		cmocka_unit_test(wrong_values_are_refused_with_a_reason),
		cmocka_unit_test(messages_are_one_line_of_utf8),
		cmocka_unit_test(health_checks),
		cmocka_unit_test(listen_addresses),
		cmocka_unit_test(json_objects),
		cmocka_unit_test(json_values_of_every_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
