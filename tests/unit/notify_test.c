/* SPDX-License-Identifier: ISC */
/*
 * sd_notify(3) messages: their text, and the socket that receives them.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "process/notify.h"

#define DEADLINE_MS 60000
#define NOBODY	    65534

/* A socket, and what it has received. */
struct room {
	struct event_base *base;
	struct notify *notify;
	char dir[64];
	char path[PATH_MAX];
	unsigned int heard;
	struct notify_message last;
	char status[NOTIFY_MESSAGE_MAX + 1];
	bool free_at_once;
	int taken; /* first descriptor of the last FDSTORE=1 */
};

static void
hear(const struct notify_message *message, void *arg)
{
	struct room *room = arg;

	room->heard++;
	room->last = *message;
	if (message->store && message->nfds > 0) {
		fd_close(&room->taken);
		room->taken = message->fds[0];
		message->fds[0] = -1;
	}
	strlcpy(room->status, message->status != NULL ? message->status : "",
	    sizeof(room->status));
	if (room->free_at_once) {
		notify_free(room->notify);
		room->notify = NULL;
	}
}

static void
room_open(struct room *room, const char *name, uid_t uid)
{
	memset(room, 0, sizeof(*room));
	room->taken = -1;
	strlcpy(room->dir, "/tmp/notify_test.XXXXXX", sizeof(room->dir));
	assert_non_null(mkdtemp(room->dir));
	assert_int_equal(chmod(room->dir, 0755), 0);
	snprintf(room->path, sizeof(room->path), "%s/%s", room->dir, name);
	assert_non_null(room->base = event_base_new());
	room->notify =
	    notify_new(room->base, room->path, uid, uid, -1, hear, room);
	assert_non_null(room->notify);
}

static void
room_close(struct room *room)
{
	notify_free(room->notify);
	fd_close(&room->taken);
	event_base_free(room->base);
	assert_int_equal(access(room->path, F_OK), -1);
	assert_int_equal(rmdir(room->dir), 0);
}

/* Connect as a program does, with the value of NOTIFY_SOCKET. */
static int
connect_to(const char *address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len =
	    offsetof(struct sockaddr_un, sun_path) + strlen(address);
	int fd;

	assert_true(strlen(address) < sizeof(un.sun_path));
	strlcpy(un.sun_path, address, sizeof(un.sun_path));
	if (un.sun_path[0] == '@')
		un.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&un, len) == -1)
		fd_close(&fd);
	return fd;
}

static void
say(const struct room *room, const void *text, size_t len, const int *fds,
    size_t nfds)
{
	int fd = connect_to(notify_path(room->notify));

	assert_int_not_equal(fd, -1);
	assert_int_equal(fd_send(fd, text, len, fds, nfds), len);
	close(fd);
}

static void
say_text(const struct room *room, const char *text)
{
	say(room, text, strlen(text), NULL, 0);
}

static void
listen_until(struct room *room, unsigned int heard)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (room->heard < heard && clock_ms() < deadline)
		event_base_loop(room->base, EVLOOP_NONBLOCK);
	assert_int_equal(room->heard, heard);
}

static struct notify_message
parse(const char *text, char *space, size_t size)
{
	struct notify_message message = { .sender = 7 };

	strlcpy(space, text, size);
	notify_message_parse(&message, space);
	assert_int_equal(message.sender, 7);
	return message;
}

static void
test_parse_known(void **state)
{
	struct notify_message m;
	char s[256];

	m = parse("READY=1\nSTATUS=up: 3 = many\nMAINPID=42\n", s, sizeof(s));
	assert_true(m.ready);
	assert_string_equal(m.status, "up: 3 = many");
	assert_int_equal(m.main_pid, 42);
	assert_false(m.stopping || m.reloading || m.barrier);
	assert_int_equal(m.reloading_usec, -1);
	assert_int_equal(m.extend_usec, -1);

	m = parse("RELOADING=1\nMONOTONIC_USEC=1234567890123", s, sizeof(s));
	assert_true(m.reloading);
	assert_true(m.reloading_usec == 1234567890123);
	m = parse("STOPPING=1\nEXTEND_TIMEOUT_USEC=0", s, sizeof(s));
	assert_true(m.stopping);
	assert_int_equal(m.extend_usec, 0);
	m = parse("WATCHDOG=1\nWATCHDOG_USEC=2500000", s, sizeof(s));
	assert_true(m.watchdog && !m.watchdog_trigger);
	assert_int_equal(m.watchdog_usec, 2500000);
	m = parse("WATCHDOG=trigger", s, sizeof(s));
	assert_true(m.watchdog_trigger && !m.watchdog);
	m = parse("BARRIER=1", s, sizeof(s));
	assert_true(m.barrier);
	m = parse("STATUS=\nREADY=1\nREADY=0", s, sizeof(s));
	assert_string_equal(m.status, "");
	assert_false(m.ready);
}

static void
test_parse_store(void **state)
{
	char s[512], text[512], name[NOTIFY_FDNAME_MAX + 2];
	struct notify_message m;

	m = parse("FDSTORE=1\nFDNAME=a b", s, sizeof(s));
	assert_true(m.store && !m.store_remove && !m.keep_hung_up);
	assert_string_equal(m.fd_name, "a b");
	m = parse("FDSTOREREMOVE=1\nFDNAME=\nFDPOLL=0", s, sizeof(s));
	assert_true(m.store_remove && !m.store && m.keep_hung_up);
	assert_string_equal(m.fd_name, "");
	m = parse("FDSTORE=0\nFDPOLL=1", s, sizeof(s));
	assert_false(m.store || m.keep_hung_up || m.bad_name);
	assert_null(m.fd_name);

	memset(name, 'n', sizeof(name));
	name[NOTIFY_FDNAME_MAX] = '\0';
	snprintf(text, sizeof(text), "FDNAME=%s", name);
	assert_string_equal(parse(text, s, sizeof(s)).fd_name, name);
	strlcat(text, "n", sizeof(text));
	assert_true(parse(text, s, sizeof(s)).bad_name);
	assert_true(parse("FDNAME=a:b", s, sizeof(s)).bad_name);
	assert_true(parse("FDNAME=a\tb", s, sizeof(s)).bad_name);
	assert_true(parse("FDNAME=\x7f", s, sizeof(s)).bad_name);
	m = parse("FDNAME=good\nFDNAME=b\xc3\xa4"
		  "d",
	    s, sizeof(s));
	assert_true(m.bad_name);
	assert_null(m.fd_name);
}

static void
test_parse_unknown(void **state)
{
	static const char *const nothing[] = { "", "\n\n\n", "=", "==1",
		"READY", "READY=", "READY=yes", "READY=11", " READY=1",
		"ready=1", "X_READY=1", "WATCHDOG=2", "WATCHDOG_USEC=-1",
		"MAINPID=", "MAINPID=-3", "MAINPID=0", "MAINPID=12x",
		"MAINPID= 12", "MAINPID=2147483648",
		"MAINPID=99999999999999999999", "EXTEND_TIMEOUT_USEC=-1",
		"EXTEND_TIMEOUT_USEC=9223372036854775808", "MONOTONIC_USEC=+1",
		"\xff\xfe=\x80" };
	struct notify_message m;
	char s[256];
	size_t i;

	for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		m = parse(nothing[i], s, sizeof(s));
		assert_false(m.ready || m.stopping || m.reloading || m.barrier);
		assert_int_equal(m.reloading_usec, -1);
		assert_int_equal(m.extend_usec, -1);
		assert_int_equal(m.watchdog_usec, -1);
		assert_false(m.watchdog || m.watchdog_trigger);
		assert_int_equal(m.main_pid, 0);
		assert_null(m.status);
	}
}

static void
test_socket(void **state)
{
	struct room room;
	struct stat st;

	room_open(&room, "n", getuid());
	assert_string_equal(notify_path(room.notify), room.path);
	assert_int_equal(stat(room.path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	say_text(&room, "READY=1\n\nSTATUS=serving");
	listen_until(&room, 1);
	assert_true(room.last.ready);
	assert_string_equal(room.status, "serving");
	assert_int_equal(room.last.sender, getpid());
	room_close(&room);
}

/* Send as a user.  When a later message has come, did this one come before? */
static void
say_as(const struct room *room, uid_t uid, const char *text, bool reached)
{
	const char *address = notify_path(room->notify);
	int fd, status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (setresuid(uid, uid, uid) == -1)
			_exit(2);
		fd = connect_to(address);
		_exit(fd == -1 || send(fd, text, strlen(text), 0) == -1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status == 0, reached);
}

static void
test_owner(void **state)
{
	struct room room;
	struct stat st;

	if (getuid() != 0)
		skip();
	room_open(&room, "n", NOBODY);
	assert_int_equal(stat(room.path, &st), 0);
	assert_int_equal(st.st_uid, NOBODY);
	assert_int_equal(st.st_gid, NOBODY);
	say_as(&room, NOBODY, "READY=1", true);
	listen_until(&room, 1);
	say_as(&room, NOBODY - 1, "READY=1", false);
	room_close(&room);
}

static void
test_long_path(void **state)
{
	char name[160];
	struct room room;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	room_open(&room, name, getuid() == 0 ? NOBODY : getuid());
	assert_int_equal(notify_path(room.notify)[0], '@');
	say_text(&room, "READY=1");
	listen_until(&room, 1);
	if (getuid() == 0) {
		say_as(&room, NOBODY - 1, "STATUS=foreign", true);
		say_as(&room, NOBODY, "STATUS=own", true);
		listen_until(&room, 2);
		assert_string_equal(room.status, "own");
	}
	room_close(&room);
}

static void
test_replaces_what_is_there(void **state)
{
	struct notify *second;
	struct room room;

	room_open(&room, "n", getuid());
	second = notify_new(
	    room.base, room.path, getuid(), getgid(), -1, hear, &room);
	assert_non_null(second);
	say_text(&room, "READY=1");
	listen_until(&room, 1);
	notify_free(second);
	errno = 0;
	assert_null(notify_new(
	    room.base, "/nowhere/at/all", getuid(), getgid(), -1, hear, &room));
	assert_int_equal(errno, ENOENT);
	room_close(&room);
}

/* Is the other end of a pipe closed? */
static bool
is_hung_up(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

static void
test_barrier(void **state)
{
	int watched[2], other[2], many[FD_PASS_MAX], i;
	struct room room;

	room_open(&room, "n", getuid());
	assert_int_equal(pipe(watched), 0);
	assert_int_equal(pipe(other), 0);
	say_text(&room, "STATUS=before");
	say(&room, "BARRIER=1", 9, &watched[1], 1);
	close(watched[1]);
	for (i = 0; i < FD_PASS_MAX; i++)
		many[i] = other[1];
	say(&room, "X_MANY=1", 8, many, FD_PASS_MAX);
	close(other[1]);
	assert_false(is_hung_up(watched[0]));
	listen_until(&room, 3);
	assert_true(is_hung_up(watched[0]));
	assert_true(is_hung_up(other[0]));
	close(watched[0]);
	close(other[0]);
	room_close(&room);
}

/* What the receiver takes over stays open; the others are closed. */
static void
test_descriptors(void **state)
{
	int first[2], second[2], ends[2];
	struct room room;

	room_open(&room, "n", getuid());
	assert_int_equal(pipe(first), 0);
	assert_int_equal(pipe(second), 0);
	ends[0] = first[1];
	ends[1] = second[1];
	say(&room, "FDSTORE=1\nFDNAME=x", 18, ends, 2);
	close(first[1]);
	close(second[1]);
	listen_until(&room, 1);
	assert_int_equal(room.last.nfds, 2);
	assert_false(is_hung_up(first[0]));
	assert_true(is_hung_up(second[0]));
	ends[0] = room.taken;
	say(&room, "STATUS=none to store", 20, ends, 1);
	fd_close(&room.taken);
	listen_until(&room, 2);
	assert_true(is_hung_up(first[0]));
	close(first[0]);
	close(second[0]);
	room_close(&room);
}

/* If one has no room, none is stored in its place. */
static void
test_no_room(void **state)
{
	struct rlimit limit, tight;
	struct room room;
	int ends[2], many[16], i;

	room_open(&room, "n", getuid());
	assert_int_equal(pipe(ends), 0);
	for (i = 0; i < 16; i++)
		many[i] = ends[1];
	say(&room, "FDSTORE=1\nREADY=1", 17, many, 16);
	close(ends[1]);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = limit;
	tight.rlim_cur = (rlim_t)ends[1] + 4;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	listen_until(&room, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(room.last.ready && room.last.fds_lost);
	assert_int_equal(room.last.nfds, 0);
	assert_true(is_hung_up(ends[0]));
	close(ends[0]);
	room_close(&room);
}

/* An invalid message is ignored; the next one is heard. */
static void
test_garbage(void **state)
{
	static char big[NOTIFY_MESSAGE_MAX + 1] = "STATUS=";
	struct room room;
	int one[2];

	room_open(&room, "n", getuid());
	assert_int_equal(pipe(one), 0);
	memset(big + 7, 'x', sizeof(big) - 7);
	say(&room, "READY=1\0\n", 9, NULL, 0);
	say(&room, "READY=1\nSTA\0TUS=1", 17, &one[1], 1);
	say(&room, big, NOTIFY_MESSAGE_MAX + 1, &one[1], 1);
	close(one[1]);
	say(&room, "", 0, NULL, 0);
	listen_until(&room, 1);
	assert_false(room.last.ready);
	assert_true(is_hung_up(one[0]));
	say(&room, "READY=1\0\0", 9, NULL, 0);
	listen_until(&room, 2);
	assert_true(room.last.ready);
	say(&room, big, NOTIFY_MESSAGE_MAX, NULL, 0);
	listen_until(&room, 3);
	assert_int_equal(strlen(room.status), NOTIFY_MESSAGE_MAX - 7);
	close(one[0]);
	room_close(&room);
}

static void
test_freed_by_its_callback(void **state)
{
	struct room room;

	room_open(&room, "n", getuid());
	room.free_at_once = true;
	say_text(&room, "STOPPING=1");
	say_text(&room, "STATUS=too late");
	listen_until(&room, 1);
	event_base_loop(room.base, EVLOOP_NONBLOCK);
	assert_int_equal(room.heard, 1);
	room_close(&room);
}

/* With its barrier, for which it waits 5 s. */
static void
test_systemd_notify(void **state)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;
	int status = -1;
	struct room room;
	pid_t pid;

	if (access("/usr/bin/systemd-notify", X_OK) == -1)
		skip();
	room_open(&room, "n", getuid());
	if ((pid = fork()) == 0) {
		setenv("NOTIFY_SOCKET", notify_path(room.notify), 1);
		execl("/usr/bin/systemd-notify", "systemd-notify", "--ready",
		    "--status=from systemd", NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0 && clock_ms() < deadline)
		event_base_loop(room.base, EVLOOP_NONBLOCK);
	assert_int_equal(status, 0);
	assert_int_equal(room.heard, 2);
	assert_true(room.last.barrier);
	room_close(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_known),
		cmocka_unit_test(test_parse_store),
		cmocka_unit_test(test_parse_unknown),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_replaces_what_is_there),
		cmocka_unit_test(test_barrier),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_freed_by_its_callback),
		cmocka_unit_test(test_systemd_notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
