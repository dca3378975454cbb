/* SPDX-License-Identifier: ISC */
/*
 * The mechanism of the shim: each case wraps the plain fixture with one backend
 * after the other, and decides about its calls.
 */
#include "process/caller.h"
#include "process/intercept.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"
#include "wrapped.h"

#define NOBODY 65534

static void
check_pass(enum backend backend, const char *fixture, const char *prefix)
{
	struct run run = { .backend = backend };
	int port = free_port(0);
	char verbs[256];

	snprintf(verbs, sizeof(verbs),
	    "lowest %sstream bind PORT listen close lowest", prefix);
	wrap(&run, fixture, verbs, port);
	assert_string_equal(run.text, "lowest 3\nbind 0\nlisten 0\nlowest 3\n");
	assert_int_equal(run.told, 2);
	assert_int_equal(run.kinds[0], INTERCEPT_BIND);
	assert_int_equal(run.kinds[1], INTERCEPT_LISTEN);
	assert_int_equal(run.port, port);
	assert_int_equal(run.backlog, 7);
	assert_int_equal(run.type, SOCK_STREAM);
	assert_int_not_equal(run.cookies[0], 0);
	assert_int_equal(run.cookies[0], run.cookies[1]);
	if (strcmp(prefix, "fork ") != 0)
		assert_int_equal(run.pids[0], run.pid);
	else
		assert_int_not_equal(run.pids[0], run.pid);
}

static void
passes(void **state)
{
	static const char *prefixes[] = { "", "fork ", "thread ", "exec " };
	size_t i;

	for (i = 0; i < 4; i++) {
		check_pass(SECCOMP, "bind_plain", prefixes[i]);
		check_pass(SECCOMP, "bind_static", prefixes[i]);
		check_pass(PRELOAD, "bind_plain", prefixes[i]);
		if (has_fixture("bind_musl"))
			check_pass(PRELOAD, "bind_musl", prefixes[i]);
	}
}

static void
for_both(void (*check)(enum backend))
{
	check(SECCOMP);
	check(PRELOAD);
}

static void
check_untold(enum backend backend)
{
	struct run run = { .backend = backend };

	wrap(&run, "bind_plain",
	    "bind 1 stream bind 0 listen close dgram bind 0 close "
	    "stream bind-nowhere close listen unix-seqpacket listen",
	    0);
	assert_string_equal(run.text,
	    "bind 9\nbind 0\nlisten 0\nbind 0\nbind 14\nlisten 9\n"
	    "listen 22\n");
	assert_int_equal(run.told, 1); /* the listen on port 0's socket */
	assert_int_equal(run.kinds[0], INTERCEPT_LISTEN);
	assert_int_not_equal(run.port, 0);
}

static void
leaves_the_rest_to_the_kernel(void **state)
{
	for_both(check_untold);
}

static void
decide_done(struct run *run, struct intercept_call *call)
{
	if (call->kind == INTERCEPT_OPTION)
		assert_int_equal(intercept_done(call, 0), 0);
	else
		assert_int_equal(intercept_pass(call), 0);
}

/*
 * The kernel would refuse each of these calls, so success means that it did not
 * see them.  SO_REUSEPORT is told only if it is cleared.
 */
static void
check_options(enum backend backend)
{
	struct run run = { .backend = backend, .decide = decide_done };
	int i;

	wrap(&run, "bind_plain",
	    "stream steer-nowhere unsteer reuseport 1 reuseport 0 dgram "
	    "unsteer unix-stream unsteer",
	    0);
	assert_string_equal(run.text,
	    "steer 0\nunsteer 0\nreuseport 0\nreuseport 0\nunsteer 0\n"
	    "unsteer 22\n");
	assert_int_equal(run.told, 4);
	for (i = 0; i < run.told; i++)
		assert_int_equal(run.kinds[i], INTERCEPT_OPTION);
	assert_int_equal(run.cookies[0], run.cookies[2]);
	assert_int_not_equal(run.cookies[0], run.cookies[3]);
}

static void
tells_what_chooses_among_sockets(void **state)
{
	struct run run = { .backend = SECCOMP, .decide = decide_done };

	for_both(check_options);
	/* The kernel uses only the lower half of an argument. */
	wrap(&run, "bind_plain", "stream unsteer-wide", 0);
	assert_int_equal(run.told, 1);
	assert_string_equal(run.text, "unsteer 0\n");
}

static void
decide_refuse(struct run *run, struct intercept_call *call)
{
	assert_int_equal(intercept_done(call, EADDRNOTAVAIL), 0);
}

static void
check_refusal(enum backend backend)
{
	struct run run = { .backend = backend, .decide = decide_refuse };

	wrap(&run, "bind_plain", "stream bind PORT", free_port(0));
	assert_int_equal(run.told, 1);
	assert_string_equal(run.text, "bind 99\n");
}

static void
refuses_with_an_errno(void **state)
{
	for_both(check_refusal);
}

static void
check_done(enum backend backend)
{
	struct run run = { .backend = backend, .decide = decide_bind };

	/* A second bind fails, which proves the first one. */
	wrap(&run, "bind_plain", "stream bind PORT listen bind PORT",
	    free_port(0));
	assert_string_equal(run.text, "bind 0\nlisten 0\nbind 22\n");
}

static void
acts_on_the_programs_own_socket(void **state)
{
	for_both(check_done);
}

static void
binds_a_privileged_port(void **state)
{
	struct run run = { .decide = decide_bind, .uid = NOBODY };
	int port;

	if (geteuid() != 0)
		skip();
	port = free_port(IPPORT_RESERVED);
	wrap(&run, "bind_static", "stream bind PORT listen", port);
	assert_string_equal(run.text, "bind 0\nlisten 0\n");
	assert_int_equal(run.port, port);
}

static void
decide_replace(struct run *run, struct intercept_call *call)
{
	if (call->kind == INTERCEPT_BIND)
		assert_int_equal(intercept_replace(call, run->held), 0);
	else
		assert_int_equal(intercept_pass(call), 0);
}

/* The socket has a queue before the program accepts from it. */
static void
check_replace(enum backend backend)
{
	struct run run = { .backend = backend, .decide = decide_replace };
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	run.held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(
	    bind(run.held, (struct sockaddr *)&address, len), errno);
	listen(run.held, 5);
	getsockname(run.held, (struct sockaddr *)&address, &len);
	assert_return_code(
	    connect(client, (struct sockaddr *)&address, len), errno);
	wrap(&run, "bind_plain",
	    "stream nonblock flags bind PORT listen flags accept lowest",
	    ntohs(address.sin_port));
	assert_string_equal(run.text,
	    "nonblock 1\ncloexec 1\nbind 0\nlisten 0\n"
	    "nonblock 1\ncloexec 1\naccept 0\nlowest 4\n");
	close(run.held);
	close(client);
}

static void
replaces_a_socket_and_keeps_its_flags(void **state)
{
	for_both(check_replace);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;

	assert_int_equal(run->told, 1);
	decide_bind(run, run->waiting);
	run->decide = decide_bind;
	event_free(run->timer);
}

/* Many signals reach the fixture in this time. */
static void
decide_later(struct run *run, struct intercept_call *call)
{
	const struct timeval wait = { .tv_usec = 30000 };

	run->waiting = call;
	run->timer = evtimer_new(run->base, on_timer, run);
	evtimer_add(run->timer, &wait);
}

static void
check_hold(enum backend backend)
{
	struct run run = { .backend = backend, .decide = decide_later };

	wrap(&run, "bind_plain", "signals stream bind PORT listen",
	    free_port(0));
	assert_string_equal(run.text, "bind 0\nlisten 0\n");
	assert_int_equal(run.told, 2);
}

static void
holds_a_call_under_signals(void **state)
{
	for_both(check_hold);
}

static void
holds_a_call_that_starts_over(void **state)
{
	struct run run = { .decide = decide_later, .interruptible = true };

	wrap(&run, "bind_plain", "signals stream bind PORT listen",
	    free_port(0));
	assert_string_equal(run.text, "bind 0\nlisten 0\n");
	assert_int_equal(run.told, 2);
}

/* The call has started again before it is answered. */
static void
decide_too_late(struct run *run, struct intercept_call *call)
{
	struct pollfd again = { .fd = intercept_fd(run->intercept),
		.events = POLLIN };

	if (call->kind != INTERCEPT_BIND) {
		decide_bind(run, call);
		return;
	}
	assert_return_code(bind(call->fd, call->address, call->len), errno);
	assert_int_equal(poll(&again, 1, DEADLINE_SEC * 1000), 1);
	assert_int_equal(intercept_done(call, 0), -1);
	assert_int_equal(errno, ENOENT);
}

static void
repeats_an_answer_that_a_signal_overtook(void **state)
{
	struct run run = { .decide = decide_too_late, .interruptible = true };

	wrap(&run, "bind_plain", "signals stream bind PORT listen",
	    free_port(0));
	assert_string_equal(run.text, "bind 0\nlisten 0\n");
	assert_int_equal(run.told, 2);
}

static void
decide_keep(struct run *run, struct intercept_call *call)
{
	struct caller_path path;

	if (call->path != NULL) {
		assert_return_code(intercept_locate(call, &path), errno);
		snprintf(
		    run->path, sizeof(run->path), "%s%s", path.text, path.leaf);
	}
	if (call->path != NULL && call->kind == INTERCEPT_UNLINK && path.socket)
		assert_int_equal(intercept_done(call, 0), 0);
	else
		decide_pass(run, call);
	if (call->path != NULL)
		caller_path_fini(&path);
}

/* By a link in its directory, by a relative path, unlinked and not. */
static void
check_unix(enum backend backend)
{
	struct run run = { .backend = backend, .decide = decide_keep };
	char verbs[256], path[128], file[128];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/sock", directory);
	snprintf(file, sizeof(file), "%s/file", directory);
	assert_return_code(
	    fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), errno);
	close(fd);
	snprintf(verbs, sizeof(verbs),
	    "unlink %s unlink none unix-stream bind-unix link/sock listen "
	    "unlink link/sock",
	    file);
	wrap(&run, "bind_plain", verbs, 0);
	assert_string_equal(
	    run.text, "unlink 0\nunlink 2\nbind 0\nlisten 0\nunlink 0\n");
	/* The preload library announces sockets only. */
	assert_int_equal(run.told, backend == PRELOAD ? 3 : 5);
	assert_int_equal(run.kinds[run.told - 1], INTERCEPT_UNLINK);
	assert_string_equal(run.path, path);
	assert_return_code(lstat(path, &st), errno);
	assert_int_equal(lstat(file, &st), -1);
	unlink(path);
}

static void
tells_paths_as_they_are_seen_from_here(void **state)
{
	for_both(check_unix);
}

static void
decide_connect(struct run *run, struct intercept_call *call)
{
	assert_int_equal(call->kind, INTERCEPT_CONNECT);
	assert_int_equal(call->family, AF_UNIX);
	assert_int_equal(intercept_done(call, EBUSY), 0);
}

/*
 * The kernel would answer 2, that there is no such file, or 111.  Nothing is
 * told of TCP, whatever the length of its address.
 */
static void
check_connect(enum backend backend)
{
	struct run run = {
		.backend = backend, .connects = true, .decide = decide_connect
	};

	wrap(&run, "bind_plain",
	    "unix-stream connect-unix none 110 connect-unix none 7 close "
	    "stream connect 1 16 close stream connect 1 28 close "
	    "stream connect 1 100 close stream connect 1 128 close",
	    0);
	assert_string_equal(run.text,
	    "connect 16\nconnect 16\nconnect 111\nconnect 111\n"
	    "connect 111\nconnect 111\n");
	assert_int_equal(run.told, 2);
}

static void
tells_of_unix_connections_alone(void **state)
{
	for_both(check_connect);
}

static void
does_without_a_supervisor(void **state)
{
	struct run run = { .backend = PRELOAD };

	start_fixture(&run, "bind_plain",
	    "unix-stream bind-unix sock listen unlink sock lowest", 0);
	intercept_free(run.intercept); /* before the program makes its call */
	run.intercept = NULL;
	finish(&run);
	assert_string_equal(run.text, "bind 0\nlisten 0\nunlink 0\nlowest 4\n");
	assert_int_equal(run.told, 0);
}

static void
says_that_another_filter_is_there(void **state)
{
	const struct filter_options options = { .no_new_privs = true };
	struct filter *filter = filter_new(&options);
	int sv[2], status;
	pid_t pid;

	assert_return_code(
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sv), errno);
	if ((pid = fork()) == 0) {
		if (filter_install(filter, sv[1]) == -1)
			_exit(1);
		_exit(filter_install(filter, sv[1]) == -1 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), EBUSY);
	filter_free(filter);
	close(sv[0]);
	close(sv[1]);
}

/* All cases without any privilege. */
static void
works_for_an_ordinary_user(void **state)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	if ((pid = fork()) == 0) {
		if (chown(directory, NOBODY, NOBODY) == -1 ||
		    setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
		    setresuid(NOBODY, NOBODY, NOBODY) == -1)
			_exit(1);
		if (!has_fixture("bind_plain"))
			_exit(77);
		for_both(check_done);
		for_both(check_replace);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes),
		cmocka_unit_test(leaves_the_rest_to_the_kernel),
		cmocka_unit_test(tells_what_chooses_among_sockets),
		cmocka_unit_test(refuses_with_an_errno),
		cmocka_unit_test(acts_on_the_programs_own_socket),
		cmocka_unit_test(binds_a_privileged_port),
		cmocka_unit_test(replaces_a_socket_and_keeps_its_flags),
		cmocka_unit_test(holds_a_call_under_signals),
		cmocka_unit_test(holds_a_call_that_starts_over),
		cmocka_unit_test(repeats_an_answer_that_a_signal_overtook),
		cmocka_unit_test(tells_paths_as_they_are_seen_from_here),
		cmocka_unit_test(tells_of_unix_connections_alone),
		cmocka_unit_test(does_without_a_supervisor),
		cmocka_unit_test(says_that_another_filter_is_there),
		cmocka_unit_test(works_for_an_ordinary_user),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, wrapped_set_up, wrapped_tear_down);
}
