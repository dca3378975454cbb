/* SPDX-License-Identifier: ISC */
/*
 * Helper commands: what they get, what is kept of their output, and that none
 * of them can hold us up or outlive its time.
 */
#include "process/command.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "process/account.h"
#include "process/reaper.h"

#define LIMIT_MS 60000
#define SOON_MS	 100000 /* a descendant lives ten times as long */

static struct event_base *base;

/* What done was called with last, and how often. */
static struct {
	unsigned int calls;
	int status;
	bool timed_out;
	char failed[64];
	int error;
	char line[1024];
} told;

static void
note(const struct command_result *result, void *arg)
{
	told.calls++;
	told.status = result->status;
	told.timed_out = result->timed_out;
	strlcpy(told.failed, result->failed != NULL ? result->failed : "",
	    sizeof(told.failed));
	told.error = result->error;
	snprintf(told.line, sizeof(told.line), "%s", result->last_line);
}

static int
setup(void **state)
{
	memset(&told, 0, sizeof(told));
	base = event_base_new();
	return reaper_init(base, NULL, NULL);
}

static int
teardown(void **state)
{
	reaper_fini();
	event_base_free(base);
	return 0;
}

static void
turn_until(bool (*met)(void *), void *arg)
{
	int64_t end = clock_ms() + LIMIT_MS;
	struct timeval tick = clock_interval(10);

	while (!met(arg)) {
		assert_true(clock_ms() < end);
		event_base_loopexit(base, &tick);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

static bool
was_told(void *arg)
{
	return told.calls > 0;
}

/* A child of ours, or a descendant that we inherited, has been reaped. */
static bool
is_gone(void *arg)
{
	const pid_t *pid = arg;

	return kill(*pid, 0) == -1 && errno == ESRCH;
}

/* Start a command with our rights, except for what spec sets. */
static struct command *
start(struct command_spec spec, const char *const *argv)
{
	struct command *command;

	spec.argv = argv;
	spec.umask = -1;
	spec.directory_fd = -1;
	if (spec.timeout_ms == 0)
		spec.timeout_ms = LIMIT_MS;
	command = command_start(base, &spec, note, NULL);
	assert_non_null(command);
	assert_int_equal(told.calls, 0);
	return command;
}

static struct command *
shell(const char *script, unsigned int timeout_ms)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };

	return start((struct command_spec){ .timeout_ms = timeout_ms }, argv);
}

static void
run(const char *script)
{
	shell(script, LIMIT_MS);
	turn_until(was_told, NULL);
	assert_int_equal(told.calls, 1);
}

static void
the_status_and_the_last_line_are_told(void **state)
{
	run("echo one; echo two >&2; echo; exit 3");
	assert_string_equal(told.line, "two");
	assert_int_equal(WEXITSTATUS(told.status), 3);
	assert_false(told.timed_out);
}

static void
long_output_is_read_to_its_end(void **state)
{
	run("seq 1 100000");
	assert_string_equal(told.line, "100000");
}

static void
output_without_a_newline_is_told(void **state)
{
	run("printf 'half a\tline\033'");
	assert_string_equal(told.line, "half a line?");
}

static void
closed_output_does_not_end_it(void **state)
{
	run("echo last; exec >&- 2>&-; sleep 0.05; exit 4");
	assert_int_equal(WEXITSTATUS(told.status), 4);
	assert_string_equal(told.line, "last");
}

static void
past_its_time_the_whole_group_is_killed(void **state)
{
	int64_t start = clock_ms();
	pid_t grandchild;

	shell("sleep 1000 & echo $!; wait", 100);
	turn_until(was_told, NULL);
	assert_true(told.timed_out);
	assert_true(WIFSIGNALED(told.status));
	assert_in_range(clock_ms() - start, 50, SOON_MS);
	grandchild = atoi(told.line);
	assert_true(grandchild > 0);
	turn_until(is_gone, &grandchild);
}

static void
a_descendant_with_the_pipe_does_not_hold_it_up(void **state)
{
	int64_t start = clock_ms();
	pid_t descendant;

	run("sleep 1000 & echo $!");
	assert_true(clock_ms() - start < SOON_MS);
	descendant = atoi(told.line);
	assert_int_equal(kill(descendant, SIGKILL), 0);
}

static void
a_descendant_that_writes_for_ever_does_not_hold_it_up(void **state)
{
	int64_t start = clock_ms();

	run("yes $$ & exit 5");
	assert_true(clock_ms() - start < SOON_MS);
	assert_int_equal(WEXITSTATUS(told.status), 5);
}

static void
cancel_kills_and_tells_nobody(void **state)
{
	char path[] = "/tmp/command_test.XXXXXX", script[128], text[32] = "";
	int fd = mkostemp(path, O_CLOEXEC);
	struct command *command;
	pid_t pid;

	snprintf(script, sizeof(script), "echo $$ >%s; exec sleep 1000", path);
	command = shell(script, LIMIT_MS);
	while (pread(fd, text, sizeof(text) - 1, 0) == 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
	pid = atoi(text);
	assert_true(pid > 0);
	command_cancel(command);
	turn_until(is_gone, &pid);
	assert_int_equal(told.calls, 0);
	close(fd);
	unlink(path);
}

static void
signals_are_as_a_login_shell_has_them(void **state)
{
	const char *argv[] = { "grep", "-cE", "^Sig(Blk|Ign):\t0{16}$",
		"/proc/self/status", NULL };
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	start((struct command_spec){ 0 }, argv);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	turn_until(was_told, NULL);
	assert_string_equal(told.line, "2");
}

static void
it_has_no_descriptors_of_ours(void **state)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD, 50);

	assert_int_equal(fd, 50);
	run("test ! -e /proc/$$/fd/50 && readlink /proc/$$/fd/0");
	close(fd);
	assert_string_equal(told.line, "/dev/null");
}

static void
it_leads_a_session(void **state)
{
	run("test $(cut -d ' ' -f 6 /proc/$$/stat) = $$");
	assert_int_equal(told.status, 0);
}

static void
its_environment_says_that_it_is_a_helper(void **state)
{
	const char *argv[] = { "/usr/bin/env", NULL };
	char role[] = "HOTSWAP_ROLE=keeper";
	char *env[] = { role, NULL };

	start((struct command_spec){ .env = env }, argv);
	turn_until(was_told, NULL);
	assert_string_equal(told.line, "HOTSWAP_ROLE=helper");
	memset(&told, 0, sizeof(told));
	run("test \"$(env | grep -c '^HOTSWAP_ROLE=')\" = 1 && echo $PATH");
	assert_int_equal(told.status, 0);
	assert_string_equal(told.line, getenv("PATH"));
}

static void
it_runs_in_the_directory(void **state)
{
	const char *argv[] = { "pwd", NULL };

	start((struct command_spec){ .directory = "/proc" }, argv);
	turn_until(was_told, NULL);
	assert_string_equal(told.line, "/proc");
}

static void
it_begins_in_the_directory_that_is_open(void **state)
{
	const char *argv[] = { "pwd", NULL };
	struct command_spec spec = {
		.argv = argv, .umask = -1, .timeout_ms = LIMIT_MS
	};

	spec.directory_fd = open("/proc", O_PATH | O_CLOEXEC);
	assert_non_null(command_start(base, &spec, note, NULL));
	close(spec.directory_fd);
	turn_until(was_told, NULL);
	assert_string_equal(told.line, "/proc");
}

/* Each command, and the step that fails because of it. */
static const struct {
	const char *argv[2];
	const char *directory;
	const char *step;
	int error;
} failures[] = {
	{ { "/nonexistent/program" }, NULL, "execute it", ENOENT },
	{ { "/etc/passwd" }, NULL, "execute it", EACCES },
	{ { "pwd" }, "/nonexistent", "enter its directory", ENOENT },
};

static void
what_cannot_be_started_says_why(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		memset(&told, 0, sizeof(told));
		start(
		    (struct command_spec){ .directory = failures[i].directory },
		    failures[i].argv);
		turn_until(was_told, NULL);
		assert_string_equal(told.failed, failures[i].step);
		assert_int_equal(told.error, failures[i].error);
		assert_int_not_equal(told.status, 0);
	}
}

static void
a_failed_step_is_described(void **state)
{
	const struct command_result result = { .failed = "become its user",
		.error = EPERM };
	char text[COMMAND_DESCRIBE];

	command_describe(&result, text);
	assert_string_equal(text,
	    "cannot be started: cannot become its user: Operation not "
	    "permitted");
}

/* Each script prints as another user, for example from /proc/self/status. */
static void
it_has_the_rights_of_the_account_alone(void **state)
{
	static const struct {
		const char *script;
		const char *line;
	} cases[] = {
		{ "id -u; id -g; id -G", "65534 10" },
		{ "id -ru; id -rg; echo $(id -ru):$(id -rg)", "65534:65534" },
		{ "grep -cE '^Cap(Prm|Eff|Amb):.0{16}$' /proc/self/status",
		    "3" },
		{ "echo x 2>/dev/null >/etc/passwd || echo denied", "denied" },
	};
	gid_t groups[] = { 10 };
	const struct account account = { .change = true,
		.uid = 65534,
		.gid = 65534,
		.groups = groups,
		.ngroups = 1 };
	size_t i;

	if (geteuid() != 0)
		skip();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *argv[] = { "/bin/sh", "-c", cases[i].script, NULL };

		memset(&told, 0, sizeof(told));
		start((struct command_spec){ .account = &account }, argv);
		turn_until(was_told, NULL);
		assert_string_equal(told.line, cases[i].line);
	}
}

static void
its_directory_is_entered_as_its_user(void **state)
{
	const struct account account = {
		.change = true, .uid = 65534, .gid = 65534
	};
	const char *argv[] = { "/bin/pwd", NULL };
	char path[] = "/tmp/command_test.XXXXXX";

	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(path));
	start((struct command_spec){ .account = &account, .directory = path },
	    argv);
	turn_until(was_told, NULL);
	rmdir(path);
	assert_string_equal(told.failed, "enter its directory");
	assert_int_equal(told.error, EACCES);
}

static void
a_program_out_of_its_user_s_reach_is_run(void **state)
{
	const struct account account = {
		.change = true, .uid = 65534, .gid = 65534
	};
	char directory[] = "/tmp/command_test.XXXXXX", file[64], script[128];
	const char *argv[] = { file, NULL };

	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/id", directory);
	snprintf(script, sizeof(script), "cp /usr/bin/id %s", file);
	assert_int_equal(system(script), 0);
	start((struct command_spec){ .account = &account }, argv);
	turn_until(was_told, NULL);
	unlink(file);
	rmdir(directory);
	assert_ptr_equal(strstr(told.line, "uid=65534"), told.line);
}

static void
it_may_have_to_forgo_new_privileges(void **state)
{
	const char *argv[] = { "grep", "NoNewPrivs:", "/proc/self/status",
		NULL };

	start((struct command_spec){ .no_new_privs = true }, argv);
	turn_until(was_told, NULL);
	assert_string_equal(told.line, "NoNewPrivs: 1");
}

static void
each_line_is_logged(void **state)
{
	const char *argv[] = { "printf", "one\\n\\ntwo", NULL };
	int log = memfd_create("log", MFD_CLOEXEC), saved = dup(STDERR_FILENO);
	char text[256] = "";

	dup2(log, STDERR_FILENO);
	start((struct command_spec){ .log_as = "web: check" }, argv);
	turn_until(was_told, NULL);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(log, text, sizeof(text) - 1, 0) > 0);
	close(log);
	assert_string_equal(
	    text, "hotswap: web: check: one\nhotswap: web: check: two\n");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_status_and_the_last_line_are_told),
		TEST(long_output_is_read_to_its_end),
		TEST(output_without_a_newline_is_told),
		TEST(closed_output_does_not_end_it),
		TEST(past_its_time_the_whole_group_is_killed),
		TEST(a_descendant_with_the_pipe_does_not_hold_it_up),
		TEST(a_descendant_that_writes_for_ever_does_not_hold_it_up),
		TEST(cancel_kills_and_tells_nobody),
		TEST(signals_are_as_a_login_shell_has_them),
		TEST(it_has_no_descriptors_of_ours),
		TEST(it_leads_a_session),
		TEST(its_environment_says_that_it_is_a_helper),
		TEST(it_runs_in_the_directory),
		TEST(it_begins_in_the_directory_that_is_open),
		TEST(what_cannot_be_started_says_why),
		TEST(a_failed_step_is_described),
		TEST(it_has_the_rights_of_the_account_alone),
		TEST(its_directory_is_entered_as_its_user),
		TEST(a_program_out_of_its_user_s_reach_is_run),
		TEST(it_may_have_to_forgo_new_privileges),
		TEST(each_line_is_logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
