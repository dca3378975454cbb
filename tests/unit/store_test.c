/* SPDX-License-Identifier: ISC */
/*
 * What a supervisor tells its keeper of descriptors that it wants no more.  The
 * test is the keeper.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "keep/keeper.h"
#include "keep/store.h"

#define FIRST 3

/* The supervisor, with the keeper's channel and two sockets. */
static struct store *
come_up(int channel, int own, int programs)
{
	const int fds[] = { channel, own, programs };
	struct store *store;
	int above[3];
	char pid[16];
	size_t i;

	for (i = 0; i < 3; i++)
		above[i] = dup2(fds[i], 100 + (int)i);
	for (i = 0; i < 3; i++)
		dup2(above[i], FIRST + (int)i);
	closefrom(FIRST + 3);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "3", 1);
	setenv("LISTEN_FDNAMES", KEEPER_CHANNEL ":socket.1:stored.1", 1);
	if ((store = store_open()) == NULL)
		_exit(1);
	return store;
}

static _Noreturn void
sift(struct store *store)
{
	int fd;

	store_sift(store, "stored.");
	store_close(store);
	for (fd = FIRST; fd < FIRST + 3; fd++)
		if (dup(fd) != -1)
			_exit(2);
	_exit(0);
}

/* Receive until the barrier; removals may come in any order. */
static void
hear(int channel, char *removed, size_t size)
{
	static const char head[] = "FDSTOREREMOVE=1\nFDNAME=";
	char text[512];
	int fds[4];
	size_t n = 0;
	ssize_t len;

	removed[0] = '\0';
	while (n == 0) {
		n = 4;
		len =
		    fd_receive(channel, text, sizeof(text) - 1, fds, &n, NULL);
		assert_true(len > 0);
		text[len] = '\0';
		if (strncmp(text, head, strlen(head)) == 0)
			strlcat(removed, text + strlen(head), size);
	}
	assert_string_equal(text, "BARRIER=1");
	while (n > 0)
		close(fds[--n]);
}

static int
listen_somewhere(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static bool
is_listening(int fd)
{
	socklen_t len = sizeof(int);
	int value = 0;

	assert_int_equal(
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len), 0);
	return value != 0;
}

static void
what_is_not_asked_for_is_let_go_and_only_our_own_shut_down(void **state)
{
	int channel[2], own, programs, status;
	char removed[64];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
	own = listen_somewhere();
	programs = listen_somewhere();
	if ((pid = fork()) == 0)
		sift(come_up(channel[1], own, programs));
	close(channel[1]);
	hear(channel[0], removed, sizeof(removed));
	assert_non_null(strstr(removed, "socket.1"));
	assert_non_null(strstr(removed, "stored.1"));
	assert_int_equal(strlen(removed), 16);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(is_listening(own));
	/* A program may have clients there. */
	assert_true(is_listening(programs));
	close(channel[0]);
	close(own);
	close(programs);
}

/* The channel fails for one message. */
static _Noreturn void
remove_unsaid(struct store *store)
{
	int sock = store_fd(store), kept = dup(sock);

	dup2(STDERR_FILENO, sock);
	if (store_remove(store, "socket.1") != -1)
		_exit(3);
	dup2(kept, sock);
	if (store_sync(store) != 0)
		_exit(4);
	_exit(0);
}

static void
a_removal_that_could_not_be_said_is_said_later(void **state)
{
	int channel[2], status;
	char removed[64];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
	if ((pid = fork()) == 0)
		remove_unsaid(come_up(channel[1], channel[0], channel[0]));
	close(channel[1]);
	hear(channel[0], removed, sizeof(removed));
	assert_string_equal(removed, "socket.1");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(channel[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_is_not_asked_for_is_let_go_and_only_our_own_shut_down),
		cmocka_unit_test(
		    a_removal_that_could_not_be_said_is_said_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
