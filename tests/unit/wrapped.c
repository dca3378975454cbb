/* SPDX-License-Identifier: ISC */
/*
 * Wrapping a program in a test: it is started with either backend of the shim,
 * its calls are decided and recorded, and its end is waited for.
 */
#include "wrapped.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "announce.h"
#include "base/fd.h"
#include "filter.h"
#include "process/call_log.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

char directory[] = "/tmp/intercept.XXXXXX";
static char fixtures[PATH_MAX];
static char library[PATH_MAX + 32];

static void
on_call(struct intercept_call *call, void *arg)
{
	struct run *run = arg;
	int i;

	/* The C library asks nscd(8) for names. */
	if (call->kind == INTERCEPT_CONNECT && !run->connects) {
		intercept_pass(call);
		return;
	}
	i = run->told++ % 16;

	run->kinds[i] = call->kind;
	run->pids[i] = call->pid;
	run->cookies[i] = call->cookie;
	run->type = call->type;
	if (call->kind == INTERCEPT_LISTEN)
		run->backlog = call->backlog;
	if (call->kind <= INTERCEPT_LISTEN && call->family == AF_INET)
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

static const struct intercept_handler handler = {
	.call = on_call, .missed = on_missed, .gone = on_gone
};

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

/*
 * At once: from Linux 5.9 to 6.10 a dead process has its filter, and so keeps
 * the listener from hanging up, until somebody waits for it.
 */
static void
on_child(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;

	if (!run->reaped && waitpid(run->pid, &run->status, WNOHANG) > 0)
		run->reaped = true;
}

void
decide_pass(struct run *run, struct intercept_call *call)
{
	assert_int_equal(intercept_pass(call), 0);
}

/* A signal makes a call that waits start again, as before Linux 5.19. */
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

/* In the child: execute the program. */
static void
become(struct run *run, const struct filter *filter, int sock,
    const char *program, const char *const *argv)
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
	execvp(program, (char *const *)argv);
	_exit(127);
}

static struct intercept *
start_seccomp(
    struct run *run, const char *program, const char *const *argv, int out)
{
	const struct filter_options options = {
		.unlink = true, .connect = true, .no_new_privs = geteuid() != 0
	};
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
	return intercept_seccomp_new(
	    run->base, out, call_log_make(), &handler, run);
}

static struct intercept *
start_preload(
    struct run *run, const char *program, const char *const *argv, int out)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/shim", directory);
	fd = intercept_preload_listen(path, geteuid(), getegid());
	assert_return_code(fd, errno);
	setenv(ANNOUNCE_ENV, path, 1);
	setenv(ANNOUNCE_CONNECT_ENV, "1", 1);
	if ((run->pid = fork()) == 0) {
		run->out = out;
		become(run, NULL, -1, program, argv);
	}
	unsetenv(ANNOUNCE_ENV);
	unsetenv(ANNOUNCE_CONNECT_ENV);
	return intercept_preload_new(run->base, fd, &handler, run);
}

void
start(struct run *run, const char *program, const char *const *argv)
{
	int pipes[2];

	if (run->decide == NULL)
		run->decide = decide_pass;
	run->base = event_base_new();
	run->child = evsignal_new(run->base, SIGCHLD, on_child, run);
	event_add(run->child, NULL);
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

void
finish(struct run *run)
{
	const struct timeval limit = { .tv_sec = DEADLINE_SEC };

	event_base_loopexit(run->base, &limit);
	event_base_dispatch(run->base);
	if (!run->reaped) {
		if (!run->ended)
			kill(run->pid, SIGKILL);
		waitpid(run->pid, &run->status, 0);
	}
	if (run->client != 0)
		waitpid(run->client, &run->client_status, 0);
	intercept_free(run->intercept);
	event_free(run->output);
	event_free(run->child);
	close(run->out);
	event_base_free(run->base);
	assert_true(run->ended);
	assert_int_equal(run->gone, run->backend == SECCOMP);
	assert_int_equal(run->missed, 0);
}

void
start_fixture(struct run *run, const char *name, const char *verbs, int port)
{
	char program[PATH_MAX + 32], number[16], text[512], *p = text;
	const char *argv[32] = { program };
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

void
wrap(struct run *run, const char *name, const char *verbs, int port)
{
	start_fixture(run, name, verbs, port);
	finish(run);
}

int
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

bool
has_fixture(const char *name)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", fixtures, name);
	return access(path, X_OK) == 0;
}

/*
 * May a signal overtake an answer?  Before Linux 5.19 no filter prevents that;
 * a flag that is not known is refused before the program is looked at.
 */
static bool
is_interruptible(const struct run *run)
{
	if (run->backend != SECCOMP)
		return false;
	return run->interruptible ||
	    (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		 SECCOMP_FILTER_FLAG_NEW_LISTENER |
		     SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		 NULL) == -1 &&
		errno == EINVAL);
}

void
decide_bind(struct run *run, struct intercept_call *call)
{
	int r = 0;

	if (call->kind == INTERCEPT_BIND)
		r = bind(call->fd, call->address, call->len);
	else
		r = listen(call->fd, call->backlog);
	/* Where a signal may overtake the answer, it is repeated. */
	if (intercept_done(call, r == 0 ? 0 : errno) == -1) {
		assert_int_equal(errno, ENOENT);
		assert_true(is_interruptible(run));
	}
}

int
wrapped_set_up(void **state)
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

int
wrapped_tear_down(void **state)
{
	unlink("shim");
	unlink("link");
	return rmdir(directory);
}
