/* SPDX-License-Identifier: ISC */
/*
 * Descriptors whose close(2) depends on somebody else: sockets that linger, and
 * a file of a FUSE file system, served here, that never answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/proc.h"

#define LINGER_S    60
#define DEADLINE_MS 10000 /* far less than that */
#define FUSE_FILES  8	  /* more than there are closers */
#define FULL	    50	  /* times that all queues are full */

static int
make_lingering(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct linger linger = { 1, LINGER_S };
	static char data[65536];
	socklen_t len = sizeof(sin);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	assert_return_code(
	    bind(listening, (struct sockaddr *)&sin, len), errno);
	assert_return_code(listen(listening, 1), errno);
	getsockname(listening, (struct sockaddr *)&sin, &len);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(connect(fd, (struct sockaddr *)&sin, len), errno);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		continue;
	return fd; /* the other end stays open, and unread */
}

static void
lingering_makes_nobody_wait(void **state)
{
	int64_t end = clock_ms() + DEADLINE_MS;
	int fd = make_lingering(), pair[2], i;

	foreign_close(&fd);
	assert_int_equal(fd, -1);
	/* Two in a queue: the second takes no longer than the first. */
	assert_return_code(
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), errno);
	for (i = 0; i < 2; i++) {
		fd = make_lingering();
		assert_int_equal(fd_send(pair[0], "x", 1, &fd, 1), 1);
		fd_close(&fd);
	}
	foreign_close(&pair[1]);
	fd_close(&pair[0]);
	assert_true(clock_ms() < end);
}

static void
kinds_are_told_apart(void **state)
{
	char path[] = "/tmp/foreign_test.XXXXXX";
	int fds[] = { socket(AF_UNIX, SOCK_STREAM, 0), memfd_create("test", 0),
		open("/dev/null", O_RDONLY), open("/", O_RDONLY),
		open("/proc/self/ns/net", O_RDONLY),
		mkostemp(path, O_CLOEXEC) };
	size_t i;

	unlink(path);
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		assert_return_code(fds[i], errno);
		assert_true(foreign_is_local(fds[i]));
		assert_int_equal(foreign_is_socket(fds[i]), i == 0);
		foreign_close(&fds[i]);
		assert_int_equal(fds[i], -1);
	}
}

/* Files that contain other files ask them when polled or closed. */
static void
what_holds_other_files_is_not_local(void **state)
{
	int fds[] = { epoll_create1(EPOLL_CLOEXEC), inotify_init1(IN_CLOEXEC),
		open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC),
		(int)syscall(
		    SYS_io_uring_setup, 1, &(struct io_uring_params){ 0 }),
		fanotify_init(FAN_CLOEXEC, O_RDONLY) };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (i < 3)
			assert_return_code(fds[i], errno);
		if (fds[i] == -1)
			continue; /* the kernel or the operator forbids it */
		assert_false(foreign_is_local(fds[i]));
		assert_false(foreign_may_poll(fds[i]));
		close(fds[i]);
	}
}

/*
 * A child that is still to close a number would close what has been given the
 * same number meanwhile.
 */
static void
a_number_is_free_once_it_is_closed(void **state)
{
	int tries, fd, number;

	for (tries = 0; tries < 50; tries++) {
		number = fd = epoll_create1(EPOLL_CLOEXEC);
		assert_return_code(fd, errno);
		foreign_close(&fd);
		assert_int_equal(fcntl(number, F_GETFD), -1);
		assert_true(foreign_reaped(wait(NULL)));
	}
}

/* CLOSERS */

static void
signal_children(int number)
{
	char path[64], *text, *rest, *one;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	rest = text = fd_read_file(path, 4096, NULL);
	while ((one = strsep(&rest, " ")) != NULL)
		if (atoi(one) > 0)
			kill(atoi(one), number);
	free(text);
}

/* They are zombies, and have closed what they had. */
static bool
all_have_ended(void)
{
	pid_t *children = proc_children(PROC_SELF, getpid());
	bool ended = true;
	size_t i;

	for (i = 0; children != NULL && children[i] != 0; i++)
		ended &= proc_state(children[i]) == 'Z';
	free(children);
	return ended;
}

static int
count_children(void)
{
	char path[64], *text, *c;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	text = fd_read_file(path, 4096, NULL);
	for (c = text; c != NULL && *c != '\0'; c++)
		n += *c == ' ';
	free(text);
	return n;
}

/* Close the one end of a pair under that limit, and return the other. */
static int
close_an_end_within(const struct rlimit *limit)
{
	struct rlimit before;
	int pair[2];

	assert_return_code(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
	assert_return_code(prlimit(0, RLIMIT_NOFILE, limit, &before), errno);
	foreign_close(&pair[0]);
	assert_return_code(prlimit(0, RLIMIT_NOFILE, &before, NULL), errno);
	assert_int_equal(pair[0], -1);
	return pair[1];
}

static int
close_an_end(void)
{
	return close_an_end_within(NULL);
}

static bool
is_hung_up(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static void
a_file_is_closed_on_return_by_one_child(void **state)
{
	int tries, fd, before = count_children();

	for (tries = 0; tries < 50; tries++) {
		fd = close_an_end();
		assert_true(is_hung_up(fd));
		close(fd);
	}
	assert_true(count_children() <= before + 1);
}

static void
a_closer_that_has_ended_is_replaced(void **state)
{
	int fd = close_an_end();

	close(fd);
	signal_children(SIGKILL);
	while (!all_have_ended())
		poll(NULL, 0, 1);
	fd = close_an_end(); /* not reaped yet, and its place is taken */
	assert_true(is_hung_up(fd));
	close(fd);
	assert_true(foreign_reaped(wait(NULL)));
	fd = close_an_end();
	assert_true(is_hung_up(fd));
	close(fd);
}

/*
 * All closers hang.  A descriptor that none of them can take stays open, and
 * this process has not slept meanwhile.
 */
static void
full_queues_make_nobody_wait(void)
{
	struct rusage before, after;
	int pair[2], fd, number, full = 0, tries;
	long slept = 0;

	assert_return_code(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), errno);
	for (tries = 0; full < FULL && tries < 10000; tries++) {
		number = fd = dup(pair[0]);
		assert_return_code(fd, errno);
		getrusage(RUSAGE_SELF, &before);
		foreign_close(&fd);
		getrusage(RUSAGE_SELF, &after);
		if (fcntl(number, F_GETFD) == -1)
			continue;
		slept += after.ru_nvcsw - before.ru_nvcsw;
		full++;
		close(number);
	}
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(full, FULL);
	assert_true(slept < FULL);
}

/* What stops hangs as well. */
static void
closers_that_hang_make_nobody_wait(void **state)
{
	int64_t end = clock_ms() + DEADLINE_MS;
	int fds[100], before = count_children();
	size_t i, n = sizeof(fds) / sizeof(fds[0]);
	pid_t pid;

	for (i = 0; i < n; i++) {
		signal_children(SIGSTOP);
		fds[i] = close_an_end();
	}
	assert_true(clock_ms() < end);
	assert_true(count_children() <= before + CLOSERS_MAX);
	full_queues_make_nobody_wait();
	signal_children(SIGCONT);
	end = clock_ms() + DEADLINE_MS;
	for (i = 0; i < n; i++) {
		while (!is_hung_up(fds[i]))
			assert_true(clock_ms() < end && poll(NULL, 0, 1) == 0);
		close(fds[i]);
	}
	/* One of them stays. */
	do {
		assert_true(clock_ms() < end);
		fds[0] = close_an_end();
		assert_true(is_hung_up(fds[0]));
		close(fds[0]);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			foreign_reaped(pid);
	} while (count_children() > MAX(before, 1));
}

/* A closer needs two numbers. */
static void
what_no_closer_could_take_is_closed_with_the_next_one(void **state)
{
	struct rlimit none;
	int fds[2];
	pid_t pid;

	foreign_rest();
	while ((pid = wait(NULL)) > 0)
		foreign_reaped(pid);
	getrlimit(RLIMIT_NOFILE, &none);
	none.rlim_cur = 0;
	fds[0] = close_an_end_within(&none);
	assert_false(is_hung_up(fds[0]));
	fds[1] = close_an_end();
	assert_true(is_hung_up(fds[1]));
	assert_true(is_hung_up(fds[0]));
	close(fds[0]);
	close(fds[1]);
}

static void
what_may_be_polled_asks_nobody(void **state)
{
	sigset_t none;
	int fds[9], n = 0;
	size_t i;

	sigemptyset(&none);
	assert_return_code(pipe2(fds, O_CLOEXEC), errno);
	assert_return_code(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds + 2), errno);
	fds[4] = eventfd(0, EFD_CLOEXEC);
	fds[5] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	fds[6] = signalfd(-1, &none, SFD_CLOEXEC);
	fds[7] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	fds[8] = memfd_create("test", MFD_CLOEXEC);
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		assert_return_code(fds[i], errno);
		assert_true(foreign_is_local(fds[i]));
		n += foreign_may_poll(fds[i]);
		close(fds[i]);
	}
	assert_int_equal(n, 8); /* all but the memfd */
}

/* No child can be made: the user has too many. */
static void
what_no_remover_could_take_is_closed_with_the_next_one(void **state)
{
	struct rlimit none, before;
	int number, fd = epoll_create1(EPOLL_CLOEXEC);
	pid_t pid;

	number = fd;
	if (getuid() != 0)
		skip();
	getrlimit(RLIMIT_NPROC, &before);
	none = before;
	none.rlim_cur = 0;
	assert_return_code(setrlimit(RLIMIT_NPROC, &none), errno);
	assert_return_code(setresuid(65534, 65534, 0), errno);
	foreign_close(&fd);
	assert_return_code(setresuid(0, 0, 0), errno);
	assert_return_code(setrlimit(RLIMIT_NPROC, &before), errno);
	assert_int_equal(fd, -1);
	assert_int_not_equal(fcntl(number, F_GETFD), -1);
	close(close_an_end());
	assert_int_equal(fcntl(number, F_GETFD), -1);
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		foreign_reaped(pid);
}

/* FUSE: a file system with one file, its root, whose FLUSH gets no answer. */

static void
reply(int fuse, uint64_t unique, const void *data, size_t len)
{
	char buf[512];
	struct fuse_out_header head = { (uint32_t)(sizeof(head) + len), 0,
		unique };

	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), data, len);
	if (write(fuse, buf, head.len) != (ssize_t)head.len)
		_exit(1);
}

static _Noreturn void
serve_fuse(int fuse)
{
	static char request[FUSE_MIN_READ_BUFFER + 4096];
	struct fuse_in_header *head = (struct fuse_in_header *)request;
	struct fuse_attr_out attr = { .attr_valid = 0,
		.attr = { .ino = 1,
		    .mode = S_IFREG | 0644,
		    .nlink = 1,
		    .size = 4096 } };
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096
	};
	struct fuse_open_out opened = { 0 };

	alarm(60);
	while (read(fuse, request, sizeof(request)) > 0) {
		if (head->opcode == FUSE_INIT)
			reply(fuse, head->unique, &init, sizeof(init));
		else if (head->opcode == FUSE_GETATTR)
			reply(fuse, head->unique, &attr, sizeof(attr));
		else if (head->opcode == FUSE_OPEN)
			reply(fuse, head->unique, &opened, sizeof(opened));
	}
	_exit(0);
}

/* Mount in a new mount namespace; -1: not possible here. */
static int
mount_fuse(const char *file, pid_t *server)
{
	char options[128];
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fuse == -1 || unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		return -1;
	snprintf(options, sizeof(options),
	    "fd=%d,rootmode=100644,user_id=0,group_id=0", fuse);
	if (mount("test", file, "fuse", 0, options) == -1)
		return -1;
	if ((*server = fork()) == 0)
		serve_fuse(fuse);
	close(fuse);
	return *server != -1 ? 0 : -1;
}

static void
a_file_of_fuse_makes_nobody_wait(void **state)
{
	char path[] = "/tmp/foreign_test.XXXXXX";
	int fds[FUSE_FILES], number, made = mkostemp(path, O_CLOEXEC);
	int64_t end = clock_ms() + DEADLINE_MS;
	unsigned int reaped = 0;
	pid_t server = -1, pid;
	size_t i;

	close(made);
	if (mount_fuse(path, &server) == -1) {
		unlink(path);
		skip();
	}
	for (i = 0; i < FUSE_FILES; i++)
		assert_return_code(
		    fds[i] = open(path, O_RDONLY | O_CLOEXEC), errno);
	for (i = 0; i < FUSE_FILES; i++) {
		number = fds[i];
		assert_false(foreign_is_local(fds[i]));
		assert_false(foreign_is_socket(fds[i]));
		assert_false(fd_is_same(fds[i], STDERR_FILENO));
		foreign_close(&fds[i]);
		assert_int_equal(fds[i], -1);
		/* Our table has it no more, though its close(2) hangs. */
		if (i == 0)
			assert_int_equal(fcntl(number, F_GETFD), -1);
	}
	assert_true(clock_ms() < end);
	/* When those that hang have ended, the rest is closed as well. */
	kill(server, SIGKILL);
	for (end = clock_ms() + DEADLINE_MS;
	     reaped < FUSE_FILES && clock_ms() < end;) {
		pid = waitpid(-1, NULL, WNOHANG);
		reaped += pid > 0 && foreign_is_closer(pid);
		if (pid > 0)
			foreign_reaped(pid);
		else
			poll(NULL, 0, 1);
	}
	assert_int_equal(reaped, FUSE_FILES);
	umount2(path, MNT_DETACH);
	unlink(path);
}

/* splice(2) waits for data of FUSE that never comes, with the pipe locked. */
static pid_t
fill_pipe(const char *path, int pipe)
{
	pid_t pid = fork();
	struct stat st;
	int file;

	if (pid != 0)
		return pid;
	alarm(60);
	file = open(path, O_RDONLY | O_CLOEXEC);
	fstat(file, &st);
	splice(file, NULL, pipe, NULL, 1, 0);
	_exit(0);
}

static bool
is_in_splice(pid_t pid)
{
	int64_t end = clock_ms() + DEADLINE_MS;
	char path[32], *text = NULL;
	bool there = false;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	while (!there && clock_ms() < end) {
		poll(NULL, 0, 10);
		text = fd_read_file(path, 4096, NULL);
		there = text != NULL && atoi(text) == SYS_splice;
		free(text);
	}
	return there;
}

static void
a_pipe_that_is_locked_makes_nobody_wait(void **state)
{
	char path[] = "/tmp/foreign_test.XXXXXX";
	int ends[2], made = mkostemp(path, O_CLOEXEC);
	int64_t end;
	pid_t server = -1, filler;
	bool there;

	close(made);
	if (mount_fuse(path, &server) == -1) {
		unlink(path);
		skip();
	}
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	filler = fill_pipe(path, ends[1]);
	there = is_in_splice(filler);
	end = clock_ms() + DEADLINE_MS;
	if (there) {
		assert_true(foreign_is_local(ends[0]));
		assert_true(foreign_may_poll(ends[0]));
		assert_true(clock_ms() < end);
	}
	kill(server, SIGKILL);
	kill(filler, SIGKILL);
	waitpid(server, NULL, 0);
	waitpid(filler, NULL, 0);
	close(ends[0]);
	close(ends[1]);
	umount2(path, MNT_DETACH);
	unlink(path);
	if (!there)
		skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lingering_makes_nobody_wait),
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(what_holds_other_files_is_not_local),
		cmocka_unit_test(a_number_is_free_once_it_is_closed),
		cmocka_unit_test(a_file_is_closed_on_return_by_one_child),
		cmocka_unit_test(a_closer_that_has_ended_is_replaced),
		cmocka_unit_test(closers_that_hang_make_nobody_wait),
		cmocka_unit_test(
		    what_no_closer_could_take_is_closed_with_the_next_one),
		cmocka_unit_test(
		    what_no_remover_could_take_is_closed_with_the_next_one),
		cmocka_unit_test(what_may_be_polled_asks_nobody),
		cmocka_unit_test(a_file_of_fuse_makes_nobody_wait),
		cmocka_unit_test(a_pipe_that_is_locked_makes_nobody_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
