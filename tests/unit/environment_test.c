/* SPDX-License-Identifier: ISC */
/*
 * The words that a child gets: its exact environment, and placeholders.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "process/account.h"
#include "process/spawn.h"

#define ALL (PASS_SYSTEMD | PASS_SERVER_STARTER | PASS_EINHORN | PASS_NGINX)

static char *const nothing[] = { NULL };

static const struct spawn_socket sockets[] = {
	{ .fd = 17, .name = "web", .address = "0.0.0.0:8080" },
	{ .fd = 9, .address = "/run/x.sock" },
};

static struct image image;
static struct spawn spawn;
static char *pids[SPAWN_PIDS];

static int
set_up(void **state)
{
	image = (struct image){ .umask = -1 };
	spawn = (struct spawn){ .image = &image,
		.name = "shop",
		.generation = 7,
		.protocols = ALL,
		.sockets = sockets };
	return 0;
}

/* The environment has exactly these variables, in any order. */
static void
expect(char **env, const char *const *wanted)
{
	size_t n = 0, found = 0, i;

	assert_non_null(env);
	for (; *wanted != NULL; wanted++, n++) {
		for (i = 0; env[i] != NULL; i++)
			if (strcmp(env[i], *wanted) == 0)
				break;
		if (env[i] == NULL)
			fail_msg("%s is missing", *wanted);
	}
	while (env[found] != NULL)
		found++;
	assert_int_equal(found, n);
	spawn_env_free(env);
}

static void
without_sockets_no_protocol_is_spoken(void **state)
{
	static const char *const wanted[] = { "HOME=/root", "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", NULL };
	char *base[] = { (char *)"HOME=/root", NULL };

	expect(spawn_env(&spawn, NULL, base, pids), wanted);
	assert_null(pids[0]);
}

static void
each_protocol_names_the_sockets(void **state)
{
	static const char *const wanted[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", "NOTIFY_SOCKET=/n",
		"LISTEN_FDS=2", "LISTEN_PID=123", "LISTEN_FDNAMES=web:unknown",
		"SERVER_STARTER_PORT=0.0.0.0:8080=3;/run/x.sock=4",
		"SERVER_STARTER_GENERATION=7", "EINHORN_FD_COUNT=2",
		"EINHORN_FD_0=3", "EINHORN_FD_1=4", "EINHORN_FDS=3 4",
		"EINHORN_CHILD_INDEX=0", "NGINX=3;4;", NULL };
	char **env;

	spawn.nsockets = 2;
	spawn.notify_path = "/n";
	env = spawn_env(&spawn, NULL, nothing, pids);
	assert_non_null(pids[0]);
	assert_true(strlen(pids[0]) >= SPAWN_PID_SIZE - 1);
	strlcpy(pids[0], "123", SPAWN_PID_SIZE);
	expect(env, wanted);
}

static void
the_mark_is_told_and_none_is_handed_on(void **state)
{
	static const char *const wanted[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", "HOTSWAP_MARK=feed",
		NULL };
	char *base[] = { (char *)"HOTSWAP_MARK=beef", NULL };

	spawn.mark = "feed";
	expect(spawn_env(&spawn, NULL, base, pids), wanted);
	spawn.mark = NULL;
	expect(spawn_env(&spawn, NULL, base, pids),
	    (const char *const[]){ "HOTSWAP_NAME=shop", "HOTSWAP_GENERATION=7",
		"HOTSWAP_SLOT=1", NULL });
}

static void
a_watchdog_names_its_time_and_the_process(void **state)
{
	static const char *const wanted[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1",
		"WATCHDOG_USEC=4294967295000", "WATCHDOG_PID=123", NULL };
	char **env;

	spawn.watchdog_ms = UINT32_MAX;
	env = spawn_env(&spawn, NULL, nothing, pids);
	assert_null(pids[0]);
	assert_true(strlen(pids[1]) >= SPAWN_PID_SIZE - 1);
	strlcpy(pids[1], "123", SPAWN_PID_SIZE);
	expect(env, wanted);
}

static void
stored_descriptors_come_last_and_by_systemds_protocol_alone(void **state)
{
	static const struct spawn_socket stored[] = {
		{ .fd = 20, .name = "cache" },
		{ .fd = 21, .name = "" },
	};
	static const char *const wanted[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", "FDSTORE=9",
		"LISTEN_FDS=3", "LISTEN_PID=1",
		"LISTEN_FDNAMES=web:cache:", "NGINX=3;", NULL };
	static const char *const alone[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", "FDSTORE=9",
		"LISTEN_FDS=2", "LISTEN_PID=1", "LISTEN_FDNAMES=cache:", NULL };
	static const char *const others[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", NULL };
	char **env;

	spawn.nsockets = 1;
	spawn.stored = stored;
	spawn.nstored = 2;
	spawn.store_max = 9;
	spawn.protocols = PASS_SYSTEMD | PASS_NGINX;
	env = spawn_env(&spawn, NULL, nothing, pids);
	strlcpy(pids[0], "1", SPAWN_PID_SIZE);
	expect(env, wanted);
	spawn.nsockets = 0;
	env = spawn_env(&spawn, NULL, nothing, pids);
	strlcpy(pids[0], "1", SPAWN_PID_SIZE);
	expect(env, alone);
	spawn.protocols = PASS_NGINX | PASS_EINHORN | PASS_SERVER_STARTER;
	expect(spawn_env(&spawn, NULL, nothing, pids), others);
	assert_null(pids[0]);
}

/* We change no variable that the user has set. */
static void
a_listen_pid_of_the_users_own_is_left_alone(void **state)
{
	static const char *own[] = { "LISTEN_PID=1", NULL };
	static const char *const wanted[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", "LISTEN_PID=1",
		NULL };

	image.env = (char **)own;
	expect(spawn_env(&spawn, NULL, nothing, pids), wanted);
	assert_null(pids[0]);
}

static void
a_datagram_socket_is_not_marked_for_server_starter(void **state)
{
	static const struct spawn_socket datagrams[] = {
		{ .fd = 3, .address = "udp:0.0.0.0:53" },
		{ .fd = 4, .address = "udp:/run/x" },
	};
	static const char *const wanted[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1",
		"SERVER_STARTER_PORT=0.0.0.0:53=3;/run/x=4",
		"SERVER_STARTER_GENERATION=7", NULL };

	spawn.sockets = datagrams;
	spawn.nsockets = 2;
	spawn.protocols = PASS_SERVER_STARTER;
	expect(spawn_env(&spawn, NULL, nothing, pids), wanted);
}

static void
a_protocol_that_is_not_asked_for_is_not_spoken(void **state)
{
	static const char *const wanted[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", "NGINX=3;", NULL };

	spawn.nsockets = 1;
	spawn.protocols = PASS_NGINX;
	expect(spawn_env(&spawn, NULL, nothing, pids), wanted);
	assert_null(pids[0]);
}

static void
what_was_meant_for_us_is_not_handed_on(void **state)
{
	static const char *const base[] = { "FDSTORE=7", "LISTEN_FDS=1",
		"LISTEN_PID=1", "LISTEN_FDNAMES=a", "LISTEN_PIDFDID=1",
		"NOTIFY_SOCKET=@up", "WATCHDOG_USEC=1", "WATCHDOG_PID=1",
		"SERVER_STARTER_PORT=80=3", "SERVER_STARTER_STATUS_FILE=x",
		"EINHORN_FD_3=7", "EINHORN_MASTER_PID=1", "NGINX=3;",
		"HOTSWAP_ROLE=helper", "HOTSWAP_PID=4", "HOTSWAP_STATE_DIR=/s",
		"HOTSWAP_RUNTIME_DIR=/r", "LISTEN_ADDR=:80", "NGINX_HOME=/n",
		"EINHORNISH=1", NULL };
	static const char *const wanted[] = { "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1",
		"HOTSWAP_STATE_DIR=/s", "HOTSWAP_RUNTIME_DIR=/r",
		"LISTEN_ADDR=:80", "NGINX_HOME=/n", "EINHORNISH=1", NULL };

	expect(spawn_env(&spawn, NULL, (char *const *)base, pids), wanted);
}

static void
the_image_adds_and_replaces(void **state)
{
	static const char *own[] = { "MODE=g{generation}", "NEW={name}-{slot}",
		"HOTSWAP_NAME=lie", NULL };
	static const char *const wanted[] = { "MODE=g7", "MODES=2",
		"NEW=shop-1", "HOTSWAP_NAME=shop", "HOTSWAP_GENERATION=7",
		"HOTSWAP_SLOT=1", NULL };
	char *base[] = { (char *)"MODE=1", (char *)"MODES=2", NULL };

	image.env = (char **)own;
	expect(spawn_env(&spawn, NULL, base, pids), wanted);
}

static void
a_cleared_environment_has_only_what_was_asked_for(void **state)
{
	static const char *own[] = { "A=1", NULL };
	static const char *const wanted[] = { "A=1", "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", NULL };
	char *base[] = { (char *)"PATH=/bin", NULL };

	image.env = (char **)own;
	image.clear_env = true;
	expect(spawn_env(&spawn, NULL, base, pids), wanted);
}

/* A user other than the one who runs the test. */
static struct account somebody = {
	.change = true,
	.uid = 4242,
	.name = (char *)"web",
	.home = (char *)"/srv/web",
	.shell = (char *)"/bin/sh",
};

static const char *const of_root[] = { "PATH=/bin", "LANG=C", "LANGUAGE=en",
	"LC_TIME=C", "TZ=UTC", "TZDIR=/tz", "AWS_TOKEN=secret", "HOME=/root",
	"USER=root", "LOGNAME=root", "SHELL=/bin/bash", "LD_PRELOAD=/root/x.so",
	"SSH_AUTH_SOCK=/run/agent", "HOTSWAP_RUNTIME_DIR=/r", NULL };

static void
another_user_gets_the_own_variables_and_what_is_harmless(void **state)
{
	static const char *const wanted[] = { "PATH=/bin", "LANG=C",
		"LANGUAGE=en", "LC_TIME=C", "TZ=UTC", "HOTSWAP_RUNTIME_DIR=/r",
		"HOME=/srv/web", "USER=web", "LOGNAME=web", "SHELL=/bin/sh",
		"HOTSWAP_NAME=shop", "HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1",
		NULL };

	expect(
	    spawn_env(&spawn, &somebody, (char *const *)of_root, pids), wanted);
}

static void
an_environment_made_for_the_service_goes_to_another_user(void **state)
{
	static const char *const wanted[] = { "PATH=/bin", "LANG=C",
		"LANGUAGE=en", "LC_TIME=C", "TZ=UTC", "TZDIR=/tz",
		"AWS_TOKEN=secret", "LD_PRELOAD=/root/x.so",
		"SSH_AUTH_SOCK=/run/agent", "HOTSWAP_RUNTIME_DIR=/r",
		"HOME=/srv/web", "USER=web", "LOGNAME=web", "SHELL=/bin/sh",
		"HOTSWAP_NAME=shop", "HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1",
		NULL };

	spawn.all_env = true;
	expect(
	    spawn_env(&spawn, &somebody, (char *const *)of_root, pids), wanted);
}

static void
a_user_of_no_database_has_no_home_of_roots(void **state)
{
	static const char *const wanted[] = { "PATH=/bin", "HOTSWAP_NAME=shop",
		"HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1", NULL };
	static const struct account nobodys = { .change = true, .uid = 4242 };
	char *base[] = { (char *)"PATH=/bin", (char *)"HOME=/root",
		(char *)"USER=root", NULL };

	expect(spawn_env(&spawn, &nobodys, base, pids), wanted);
}

static void
a_name_alone_hands_on_our_value(void **state)
{
	static const char *own[] = { "AWS_TOKEN", "HOME=/mine", "UNSET",
		"NOTIFY_SOCKET", NULL };
	static const char *const wanted[] = { "PATH=/bin", "AWS_TOKEN=secret",
		"HOME=/mine", "USER=web", "LOGNAME=web", "SHELL=/bin/sh",
		"HOTSWAP_NAME=shop", "HOTSWAP_GENERATION=7", "HOTSWAP_SLOT=1",
		NULL };
	char *base[] = { (char *)"PATH=/bin", (char *)"AWS_TOKEN=secret",
		(char *)"NOTIFY_SOCKET=/up", NULL };

	image.env = (char **)own;
	expect(spawn_env(&spawn, &somebody, base, pids), wanted);
}

static const char *
value(char **env, const char *key)
{
	size_t len = strlen(key);

	for (; *env != NULL; env++)
		if (strncmp(*env, key, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

static void
helpers_know_their_generation_and_that_they_are_helpers(void **state)
{
	static const char *const extra[] = { "HOTSWAP_EVENT=ready", NULL };
	char **env;

	setenv("NOTIFY_SOCKET", "@up", 1);
	setenv("KEPT", "yes", 1);
	env = spawn_helper_env(NULL, false, "shop", 4, 321, extra);
	assert_non_null(env);
	assert_string_equal(value(env, "HOTSWAP_NAME"), "shop");
	assert_string_equal(value(env, "HOTSWAP_GENERATION"), "4");
	assert_string_equal(value(env, "HOTSWAP_SLOT"), "0");
	assert_string_equal(value(env, "HOTSWAP_PID"), "321");
	assert_string_equal(value(env, "HOTSWAP_ROLE"), "helper");
	assert_string_equal(value(env, "HOTSWAP_EVENT"), "ready");
	assert_string_equal(value(env, "KEPT"), "yes");
	assert_null(value(env, "NOTIFY_SOCKET"));
	spawn_env_free(env);
}

static void
placeholders_are_replaced_and_other_braces_stay(void **state)
{
	static const struct {
		const char *text, *expanded;
	} cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "--pid=/run/{name}.{generation}.pid",
		    "--pid=/run/shop.12.pid" },
		{ "{slot}{slot}", "00" },
		{ "{{name}}", "{shop}" },
		{ "{pid} {nam {", "{pid} {nam {" },
	};
	char *expanded;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expanded = spawn_expand(cases[i].text, "shop", 12);
		assert_non_null(expanded);
		assert_string_equal(expanded, cases[i].expanded);
		free(expanded);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    without_sockets_no_protocol_is_spoken, set_up),
		cmocka_unit_test_setup(each_protocol_names_the_sockets, set_up),
		cmocka_unit_test_setup(
		    the_mark_is_told_and_none_is_handed_on, set_up),
		cmocka_unit_test_setup(
		    a_watchdog_names_its_time_and_the_process, set_up),
		cmocka_unit_test_setup(
		    stored_descriptors_come_last_and_by_systemds_protocol_alone,
		    set_up),
		cmocka_unit_test_setup(
		    a_listen_pid_of_the_users_own_is_left_alone, set_up),
		cmocka_unit_test_setup(
		    a_datagram_socket_is_not_marked_for_server_starter, set_up),
		cmocka_unit_test_setup(
		    a_protocol_that_is_not_asked_for_is_not_spoken, set_up),
		cmocka_unit_test_setup(
		    what_was_meant_for_us_is_not_handed_on, set_up),
		cmocka_unit_test_setup(the_image_adds_and_replaces, set_up),
		cmocka_unit_test_setup(
		    a_cleared_environment_has_only_what_was_asked_for, set_up),
		cmocka_unit_test_setup(
		    another_user_gets_the_own_variables_and_what_is_harmless,
		    set_up),
		cmocka_unit_test_setup(
		    an_environment_made_for_the_service_goes_to_another_user,
		    set_up),
		cmocka_unit_test_setup(
		    a_user_of_no_database_has_no_home_of_roots, set_up),
		cmocka_unit_test_setup(a_name_alone_hands_on_our_value, set_up),
		cmocka_unit_test(
		    helpers_know_their_generation_and_that_they_are_helpers),
		cmocka_unit_test(
		    placeholders_are_replaced_and_other_braces_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
