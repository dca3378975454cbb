/* SPDX-License-Identifier: ISC */
/*
 * The shim with real programs below it: each case wraps the plain fixture,
 * by one backend after the other, and decides about its calls.
 */
#include "process/intercept.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "announce.h"
#include "base/fd.h"
#include "filter.h"

#define DEADLINE_SEC 20
#define NOBODY	     65534

enum backend { SECCOMP, PRELOAD };

/* What the handler was told, and what it was asked to do. */
struct run {
	enum backend backend;
	uid_t uid;	    /* that the program gets; 0: ours */
	bool interruptible; /* a filter as before Linux 5.19 */
	void (*decide)(struct run *, struct intercept_call *);
	int held; /* the socket to replace with */
	struct event_base *base;
	struct intercept *intercept;
	struct intercept_call *waiting;
	struct event *output;
	struct event *timer;
	pid_t pid;
	int out;
	int status;
	char text[16384]; /* what the program wrote */
	size_t used;
	int told;
	int missed;
	bool gone;
	bool ended;
	enum intercept_kind kinds[16];
	pid_t pids[16];
	uint64_t cookies[16];
	int backlog;
	int port;
	int type;
	char path[PATH_MAX];
};

static char directory[] = "/tmp/intercept.XXXXXX";
static char fixtures[PATH_MAX];
static char library[PATH_MAX + 32];

static void
on_call(struct intercept_call *call, void *arg)
{
	struct run *run = arg;
	int i = run->told++ % 16;

	run->kinds[i] = call->kind;
	run->pids[i] = call->pid;
	run->cookies[i] = call->cookie;
	run->type = call->type;
	if (call->kind == INTERCEPT_LISTEN)
		run->backlog = call->backlog;
	if (call->path != NULL)
		strlcpy(run->path, call->path, sizeof(run->path));
	if (call->kind != INTERCEPT_UNLINK && call->family == AF_INET)
		run->port = ntohs(
		    ((const struct sockaddr_in *)call->address)->sin_port);
	run->decide(run, call);
}

static void
on_missed(enum intercept_kind kind, pid_t pid, int error, void *arg)
{
	struct run *run = arg;

	run->missed++;
}

static void
finish_if_done(struct run *run)
{
	if (run->ended && (run->gone || run->backend == PRELOAD))
		event_base_loopbreak(run->base);
}

static void
on_gone(void *arg)
{
	struct run *run = arg;

	run->gone = true;
	intercept_free(run->intercept);
	run->intercept = NULL;
	finish_if_done(run);
}

static const struct intercept_handler handler = { on_call, on_missed, on_gone };

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;
	ssize_t n;

	n = read(fd, run->text + run->used, sizeof(run->text) - 1 - run->used);
	if (n > 0) {
		run->used += n;
		return;
	}
	event_del(run->output);
	run->ended = true;
	finish_if_done(run);
}

static void
decide_pass(struct run *run, struct intercept_call *call)
{
	assert_int_equal(intercept_pass(call), 0);
}

/* Signals make a call that waits start over, as before Linux 5.19. */
static int
install_interruptible(int sock)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bind, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_listen, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return fd_send(sock, "", 1, &fd, 1) == 1 ? 0 : -1;
}

/* In the child: become the program. */
static void
become(struct run *run, const struct filter *filter, int sock,
    const char *program, char *const *argv)
{
	dup2(run->out, STDOUT_FILENO);
	if (run->backend == PRELOAD) {
		setenv("LD_PRELOAD", library, 1);
		setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	} else if ((run->interruptible ? install_interruptible(sock)
				       : filter_install(filter, sock)) == -1) {
		_exit(100);
	}
	if (run->uid != 0 && setresuid(run->uid, run->uid, run->uid) == -1)
		_exit(101);
	execvp(program, argv);
	_exit(127);
}

static struct intercept *
start_seccomp(struct run *run, const char *program, char *const *argv, int out)
{
	const struct filter_options options = { .unlink = true,
		.no_new_privs = geteuid() != 0 };
	struct filter *filter = filter_new(&options);
	int sv[2];

	assert_non_null(filter);
	assert_return_code(
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sv), errno);
	if ((run->pid = fork()) == 0) {
		run->out = out;
		become(run, filter, sv[1], program, argv);
	}
	filter_free(filter);
	close(sv[1]);
	out = filter_collect(sv[0]);
	assert_return_code(out, errno);
	close(sv[0]);
	return intercept_seccomp_new(run->base, out, &handler, run);
}

static struct intercept *
start_preload(struct run *run, const char *program, char *const *argv, int out)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/shim", directory);
	fd = intercept_preload_listen(path, geteuid(), getegid());
	assert_return_code(fd, errno);
	setenv(ANNOUNCE_ENV, path, 1);
	if ((run->pid = fork()) == 0) {
		run->out = out;
		become(run, NULL, -1, program, argv);
	}
	unsetenv(ANNOUNCE_ENV);
	return intercept_preload_new(run->base, fd, &handler, run);
}

static void
start(struct run *run, const char *program, char *const *argv)
{
	int pipes[2];

	if (run->decide == NULL)
		run->decide = decide_pass;
	run->base = event_base_new();
	assert_return_code(pipe2(pipes, O_CLOEXEC), errno);
	run->intercept = run->backend == SECCOMP
	    ? start_seccomp(run, program, argv, pipes[1])
	    : start_preload(run, program, argv, pipes[1]);
	assert_non_null(run->intercept);
	close(pipes[1]);
	run->out = pipes[0];
	run->output = event_new(
	    run->base, run->out, EV_READ | EV_PERSIST, on_output, run);
	event_add(run->output, NULL);
}

static void
finish(struct run *run)
{
	const struct timeval limit = { .tv_sec = DEADLINE_SEC };

	event_base_loopexit(run->base, &limit);
	event_base_dispatch(run->base);
	if (!run->ended)
		kill(run->pid, SIGKILL);
	waitpid(run->pid, &run->status, 0);
	intercept_free(run->intercept);
	event_free(run->output);
	close(run->out);
	event_base_free(run->base);
	assert_true(run->ended);
	assert_int_equal(run->gone, run->backend == SECCOMP);
	assert_int_equal(run->missed, 0);
}

/* Start the fixture with these verbs, PORT among them being this port. */
static void
start_fixture(struct run *run, const char *name, const char *verbs, int port)
{
	char program[PATH_MAX + 32], number[16], text[512], *p = text;
	char *argv[32] = { program };
	size_t n = 1;

	snprintf(program, sizeof(program), "%s/%s", fixtures, name);
	snprintf(number, sizeof(number), "%d", port);
	strlcpy(text, verbs, sizeof(text));
	while ((argv[n] = strsep(&p, " ")) != NULL) {
		if (strcmp(argv[n], "PORT") == 0)
			argv[n] = number;
		n++;
	}
	start(run, program, argv);
}

static void
wrap(struct run *run, const char *name, const char *verbs, int port)
{
	start_fixture(run, name, verbs, port);
	finish(run);
}

/* A port that was free just now, below limit unless that is 0. */
static int
free_port(int limit)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (limit != 0)
		address.sin_port = htons(--limit);
	while (bind(fd, (struct sockaddr *)&address, len) == -1)
		address.sin_port = htons(--limit);
	getsockname(fd, (struct sockaddr *)&address, &len);
	close(fd);
	return ntohs(address.sin_port);
}

static bool
has_fixture(const char *name)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", fixtures, name);
	return access(path, X_OK) == 0;
}

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
	assert_int_equal(run.told, 1); /* the listen on what was port 0 */
	assert_int_equal(run.kinds[0], INTERCEPT_LISTEN);
	assert_int_not_equal(run.port, 0);
}

static void
leaves_the_rest_to_the_kernel(void **state)
{
	for_both(check_untold);
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
decide_bind(struct run *run, struct intercept_call *call)
{
	int r = 0;

	if (call->kind == INTERCEPT_BIND)
		r = bind(call->fd, call->address, call->len);
	else
		r = listen(call->fd, call->backlog);
	assert_int_equal(intercept_done(call, r == 0 ? 0 : errno), 0);
}

static void
check_done(enum backend backend)
{
	struct run run = { .backend = backend, .decide = decide_bind };

	/* A second bind of a bound socket is the proof of the first. */
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

/* A queue that was there before the program accepts its first connection. */
static void
check_replace(enum backend backend)
{
	struct run run = { .backend = backend, .decide = decide_replace };
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	run.held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bind(run.held, (struct sockaddr *)&address, len);
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

/* Many of the fixture's signals come in this time. */
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

/* The call has started over by the time that it is answered. */
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
	if (call->kind == INTERCEPT_UNLINK)
		assert_int_equal(intercept_done(call, 0), 0);
	else
		decide_pass(run, call);
}

/* By a link in its directory, relative, unlinked and not. */
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
	assert_int_equal(run.told, 3);
	assert_int_equal(run.kinds[2], INTERCEPT_UNLINK);
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
does_without_a_supervisor(void **state)
{
	struct run run = { .backend = PRELOAD };

	start_fixture(&run, "bind_plain",
	    "unix-stream bind-unix sock listen unlink sock lowest", 0);
	intercept_free(run.intercept); /* before the program gets there */
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

/* The whole of it without any privilege. */
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

static int
set_up(void **state)
{
	char exe[PATH_MAX], root[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n == -1)
		return -1;
	exe[n] = '\0';
	strlcpy(root, dirname(dirname(exe)), sizeof(root));
	snprintf(fixtures, sizeof(fixtures), "%.4000s/fixtures", root);
	snprintf(
	    library, sizeof(library), "%s/lib/libhotswap-preload.so", root);
	if (mkdtemp(directory) == NULL || chdir(directory) == -1)
		return -1;
	return symlink(".", "link");
}

static int
tear_down(void **state)
{
	unlink("shim");
	unlink("link");
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes),
		cmocka_unit_test(leaves_the_rest_to_the_kernel),
		cmocka_unit_test(refuses_with_an_errno),
		cmocka_unit_test(acts_on_the_programs_own_socket),
		cmocka_unit_test(binds_a_privileged_port),
		cmocka_unit_test(replaces_a_socket_and_keeps_its_flags),
		cmocka_unit_test(holds_a_call_under_signals),
		cmocka_unit_test(holds_a_call_that_starts_over),
		cmocka_unit_test(repeats_an_answer_that_a_signal_overtook),
		cmocka_unit_test(tells_paths_as_they_are_seen_from_here),
		cmocka_unit_test(does_without_a_supervisor),
		cmocka_unit_test(says_that_another_filter_is_there),
		cmocka_unit_test(works_for_an_ordinary_user),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
