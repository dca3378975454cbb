/* SPDX-License-Identifier: ISC */
/*
 * Checks: what the prober gets, and how the end of a check is told.  The prober
 * is a script in the place of the real one.
 */
#include "process/probe.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "process/command.h"
#include "process/parts.h"
#include "process/prober.h"
#include "process/reaper.h"

#define LIMIT_MS 60000
#define URL	 "http://127.0.0.1:8080/health"

static struct event_base *base;
static char prober[PATH_MAX + 32];

/* What done was called with. */
static struct {
	unsigned int calls;
	bool passed;
	char why[1024];
} told;

static void
note(bool passed, const char *why, void *arg)
{
	told.calls++;
	told.passed = passed;
	snprintf(told.why, sizeof(told.why), "%s", why);
}

static int
setup(void **state)
{
	ssize_t n = readlink("/proc/self/exe", prober, PATH_MAX);

	assert_true(n > 0);
	prober[n] = '\0';
	strlcpy(strrchr(prober, '/'), "/hotswap-probe", 32);
	memset(&told, 0, sizeof(told));
	base = event_base_new();
	return reaper_init(base, NULL, NULL);
}

static int
teardown(void **state)
{
	unlink(prober);
	prober_stop();
	reaper_fini();
	event_base_free(base);
	return 0;
}

/* A prober that answers each request with what a shell makes of it. */
static const char prober_script[] =
    "#!/usr/bin/python3\n"
    "import socket, subprocess\n"
    "sock = socket.socket(fileno=0)\n"
    "while request := sock.recv(65536).decode():\n"
    "    what, rights, *argv = request.split('\\0')[:-1]\n"
    "    done = subprocess.run(['/bin/sh', '-c', r'''%s''', *argv],\n"
    "                          stdout=subprocess.PIPE,\n"
    "                          stderr=subprocess.STDOUT, text=True)\n"
    "    code = done.returncode\n"
    "    sock.send(f'{what.split()[1]} {code << 8 if code >= 0 else -code} '\n"
    "              f'{done.stdout}'.encode())\n";

static void
write_prober(const char *script)
{
	FILE *file = fopen(prober, "we");

	assert_non_null(file);
	fprintf(file, prober_script, script);
	assert_int_equal(fchmod(fileno(file), 0755), 0);
	fclose(file);
}

static void
wait_until_told(void)
{
	int64_t end = clock_ms() + LIMIT_MS;
	struct timeval limit = clock_interval(LIMIT_MS);

	assert_int_equal(told.calls, 0);
	event_base_loopexit(base, &limit);
	while (told.calls == 0 && clock_ms() < end)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(told.calls, 1);
}

static struct probe *
start(struct probe_spec spec, char *const *env, unsigned int timeout_ms)
{
	const struct command_spec command = { .env = env,
		.directory_fd = -1,
		.umask = -1,
		.timeout_ms = timeout_ms };
	struct probe *probe;

	spec.command = &command;
	if (strncmp(spec.check, "exec:", 5) == 0)
		spec.shell = spec.check + 5;
	probe = probe_start(base, &spec, note, NULL);
	assert_non_null(probe);
	return probe;
}

static void
check(const char *text, unsigned int timeout_ms)
{
	start((struct probe_spec){ .check = text }, NULL, timeout_ms);
	wait_until_told();
}

static void
the_prober_is_told_all(void **state)
{
	write_prober("echo \"$*\"");
	start((struct probe_spec){ .check = "unix:/run/x:http:/",
		  .source = "127.83.0.7",
		  .unix_path = "/run/x.7" },
	    NULL, LIMIT_MS);
	wait_until_told();
	assert_true(told.passed);
	assert_string_equal(told.why,
	    "--timeout 60000ms --source 127.83.0.7 --unix-path /run/x.7 "
	    "unix:/run/x:http:/");
}

static void
what_is_not_given_is_left_out(void **state)
{
	write_prober("echo \"$*\"");
	check(URL, LIMIT_MS);
	assert_string_equal(told.why, "--timeout 60000ms " URL);
}

static void
the_prober_s_reason_is_handed_on(void **state)
{
	write_prober("echo 'URL: connection refused' >&2; exit 1");
	check(URL, LIMIT_MS);
	assert_false(told.passed);
	assert_string_equal(told.why, "URL: connection refused");
}

static void
a_prober_that_dies_is_no_pass(void **state)
{
	write_prober("kill -SEGV $$");
	check(URL, LIMIT_MS);
	assert_false(told.passed);
	assert_non_null(
	    strstr(told.why, URL ": hotswap-probe killed by SIGSEGV"));
}

static void
a_prober_that_hangs_is_killed(void **state)
{
	write_prober("exec sleep 1000");
	check(URL, 50);
	assert_false(told.passed);
	assert_string_equal(
	    told.why, URL ": hotswap-probe did not end within 50 ms");
}

static void
a_missing_prober_is_a_failure(void **state)
{
	if (access(parts_path(PART_PROBER), F_OK) == 0)
		skip();
	check(URL, LIMIT_MS);
	assert_false(told.passed);
	assert_string_equal(told.why,
	    URL ": hotswap-probe cannot be started: cannot execute it: No such "
		"file or directory");
}

static void
the_prober_beside_us_is_taken(void **state)
{
	assert_string_not_equal(parts_path(PART_PROBER), prober);
	write_prober("");
	assert_string_equal(parts_path(PART_PROBER), prober);
}

/* How exec: checks end, with the messages of sh for a failure. */
static const struct {
	const char *command;
	bool passed;
	const char *why; /* the beginning of why */
} shell_cases[] = {
	{ "exec:true", true, "exited with status 0" },
	{ "exec:echo fine; echo; exit 0", true, "fine" },
	{ "exec:exit 3", false, "exec:exit 3: exited with status 3" },
	{ "exec:echo no room >&2; false", false,
	    "exec:echo no room >&2; false: exited with status 1: no room" },
	{ "exec:/nonexistent", false, "exec:/nonexistent: not found: " },
	{ "exec:/etc/passwd", false, "exec:/etc/passwd: cannot be executed: " },
	{ "exec:kill -KILL $$", false,
	    "exec:kill -KILL $$: killed by SIGKILL" },
};

static void
shell_commands_are_judged_by_their_status(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(shell_cases) / sizeof(shell_cases[0]); i++) {
		memset(&told, 0, sizeof(told));
		check(shell_cases[i].command, LIMIT_MS);
		assert_int_equal(told.passed, shell_cases[i].passed);
		told.why[strlen(shell_cases[i].why)] = '\0';
		assert_string_equal(told.why, shell_cases[i].why);
	}
}

/* A shell that has not even begun is tried again, with more time. */
static void
what_one_without_an_end_has_said_is_told(void **state)
{
	unsigned int ms = 50;
	char why[128];

	for (;; ms *= 2) {
		memset(&told, 0, sizeof(told));
		check("exec:echo half; sleep 1000", ms);
		assert_false(told.passed);
		if (strstr(told.why, ": half") != NULL || ms > LIMIT_MS / 4)
			break;
	}
	snprintf(why, sizeof(why),
	    "exec:echo half; sleep 1000: did not end within %u ms: half", ms);
	assert_string_equal(told.why, why);
}

static void
shell_commands_get_the_environment(void **state)
{
	char source[] = "HOTSWAP_PROBE_SOURCE=127.83.0.7";
	char *env[] = { source, NULL };

	start((struct probe_spec){ .check = "exec:echo $HOTSWAP_PROBE_SOURCE",
		  .source = "127.83.0.7" },
	    env, LIMIT_MS);
	wait_until_told();
	assert_string_equal(told.why, "127.83.0.7");
}

static void
a_cancelled_check_tells_nobody(void **state)
{
	struct probe *probe;

	probe = start(
	    (struct probe_spec){ .check = "exec:sleep 1000" }, NULL, LIMIT_MS);
	probe_cancel(probe);
	check("exec:true", LIMIT_MS);
	assert_int_equal(told.calls, 1);
	assert_true(told.passed);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_prober_is_told_all),
		TEST(what_is_not_given_is_left_out),
		TEST(the_prober_s_reason_is_handed_on),
		TEST(a_prober_that_dies_is_no_pass),
		TEST(a_prober_that_hangs_is_killed),
		TEST(a_missing_prober_is_a_failure),
		TEST(the_prober_beside_us_is_taken),
		TEST(shell_commands_are_judged_by_their_status),
		TEST(what_one_without_an_end_has_said_is_told),
		TEST(shell_commands_get_the_environment),
		TEST(a_cancelled_check_tells_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
