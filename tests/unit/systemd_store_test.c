/* SPDX-License-Identifier: ISC */
/*
 * systemd's store as keep/systemd_store.c uses it, with a stand-in that behaves
 * as systemd's store: it replaces nothing, and gives nothing twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "keep/fdset.h"
#include "keep/inplace.h"
#include "keep/systemd_store.h"

#define STORED_MAX 32

/* What the stand-in has stored, the newest last. */
static struct {
	char name[64];
	int fd;
} stored[STORED_MAX];
static size_t nstored;
static int ends[2]; /* ours, systemd's */

static bool
is_same(int a, int b)
{
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b) == 0;
}

static void
take_message(const char *text, int fd)
{
	bool removes = strncmp(text, "FDSTOREREMOVE=1\n", 16) == 0;
	char name[64];
	size_t i;

	assert_int_equal(
	    sscanf(strstr(text, "FDNAME="), "FDNAME=%63[^\n]", name), 1);
	for (i = nstored; i > 0; i--) {
		if (removes && strcmp(stored[i - 1].name, name) == 0) {
			close(stored[i - 1].fd);
			stored[i - 1] = stored[--nstored];
		} else if (!removes && is_same(stored[i - 1].fd, fd)) {
			close(fd);
			return;
		}
	}
	if (removes)
		return;
	assert_non_null(strstr(text, "FDPOLL=0"));
	strlcpy(stored[nstored].name, name, sizeof(stored[0].name));
	stored[nstored++].fd = fd;
}

static void
listen_to_all(void)
{
	char text[512];
	ssize_t len;
	size_t n;
	int fd;

	for (;;) {
		n = 1;
		len =
		    fd_receive(ends[1], text, sizeof(text) - 1, &fd, &n, NULL);
		if (len == -1)
			break;
		text[len] = '\0';
		take_message(text, n == 1 ? fd : -1);
	}
	assert_int_equal(errno, EAGAIN);
}

static int
set_up(void **state)
{
	return socketpair(
	    AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static int
tear_down(void **state)
{
	while (nstored > 0)
		close(stored[--nstored].fd);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* A successor gets all that is stored, the newest first. */
static struct systemd_store *
start(struct fdset *given)
{
	size_t i;

	listen_to_all();
	for (i = nstored; i > 0; i--)
		assert_int_equal(fdset_put(given, stored[i - 1].name,
				     fd_dup(stored[i - 1].fd)),
		    0);
	return systemd_store_open(ends[0], STORED_MAX, given);
}

static int
new_file(void)
{
	int fd = memfd_create("bag_test", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
expect_given(struct fdset *given, const char *name, int fd)
{
	int found = fdset_dup(given, name);

	assert_int_not_equal(found, -1);
	assert_true(is_same(found, fd));
	close(found);
}

static void
test_names_are_kept(void **state)
{
	struct fdset given = { 0 };
	struct systemd_store *store = start(&given);
	int a = new_file(), b = new_file();

	assert_int_equal(given.n, 0);
	assert_int_equal(systemd_store_put(store, "a", a), 0);
	assert_int_equal(systemd_store_put(store, "b", b), 0);
	systemd_store_close(store);
	store = start(&given);
	assert_int_equal(given.n, 2);
	expect_given(&given, "a", a);
	expect_given(&given, "b", b);
	fdset_fini(&given);
	systemd_store_close(store);
	close(a);
	close(b);
}

static void
test_replaced(void **state)
{
	struct fdset given = { 0 };
	struct systemd_store *store = start(&given);
	int old = new_file(), new = new_file();

	assert_int_equal(systemd_store_put(store, "a", old), 0);
	assert_int_equal(systemd_store_put(store, "a", new), 0);
	assert_int_equal(systemd_store_put(store, "a", new), 0);
	systemd_store_close(store);
	store = start(&given);
	expect_given(&given, "a", new);
	assert_int_equal(nstored, 3); /* with the directory */
	fdset_fini(&given);
	systemd_store_close(store);
	close(old);
	close(new);
}

/* A removal that cannot be said is said with the next one. */
static void
test_removal_unsaid(void **state)
{
	struct fdset given = { 0 };
	struct systemd_store *store = start(&given);
	int a = new_file(), b = new_file(), kept = fd_dup(ends[0]);

	assert_int_equal(systemd_store_put(store, "a", a), 0);
	assert_int_equal(systemd_store_put(store, "b", b), 0);
	assert_return_code(dup2(a, ends[0]), errno);
	assert_int_equal(systemd_store_remove(store, "a"), -1);
	assert_return_code(dup2(kept, ends[0]), errno);
	close(kept);
	assert_int_equal(systemd_store_put(store, "b", b), 0);
	listen_to_all();
	assert_int_equal(nstored, 3); /* with the directory */
	systemd_store_close(store);
	close(a);
	close(b);
}

static void
test_one_file_by_two_names(void **state)
{
	struct fdset given = { 0 };
	struct systemd_store *store = start(&given);
	int fd = new_file();

	assert_int_equal(systemd_store_put(store, "a", fd), 0);
	assert_int_equal(systemd_store_put(store, "b", fd), 0);
	assert_int_equal(systemd_store_remove(store, "a"), 0);
	systemd_store_close(store);
	store = start(&given);
	assert_int_equal(given.n, 1);
	expect_given(&given, "b", fd);
	assert_int_equal(systemd_store_remove(store, "b"), 0);
	listen_to_all();
	assert_int_equal(nstored, 2);
	fdset_fini(&given);
	systemd_store_close(store);
	close(fd);
}

/* Killed between storing and writing the directory, in both orders. */
static void
test_killed_between(void **state)
{
	struct fdset given = { 0 };
	struct systemd_store *store = start(&given);
	int a = new_file(), stray = new_file();
	static const char text[] = "FDSTORE=1\nFDPOLL=0\nFDNAME=hotswap.1000";

	assert_int_equal(systemd_store_put(store, "a", a), 0);
	assert_int_equal(systemd_store_put(store, "b", stray), 0);
	systemd_store_close(store);
	listen_to_all();
	/* One was written and not stored, another stored and not written. */
	take_message("FDSTOREREMOVE=1\nFDNAME=hotswap.2", -1);
	assert_true(fd_send(ends[0], text, strlen(text), &stray, 1) > 0);
	store = start(&given);
	assert_int_equal(given.n, 1);
	expect_given(&given, "a", a);
	listen_to_all();
	assert_int_equal(nstored, 3);
	fdset_fini(&given);
	systemd_store_close(store);
	close(a);
	close(stray);
}

static void
test_passed_beside(void **state)
{
	struct fdset given = { 0 };
	struct systemd_store *store = start(&given);
	int a = new_file(), http = new_file(), dns = new_file();

	assert_int_equal(systemd_store_put(store, "a", a), 0);
	systemd_store_close(store);
	fdset_put(&given, "http", fd_dup(http));
	fdset_put(&given, "hotswap.socket", fd_dup(dns));
	store = start(&given);
	expect_given(&given, "a", a);
	expect_given(&given, "passed.0.http", http);
	expect_given(&given, "passed.1.hotswap.socket", dns);
	fdset_fini(&given);
	systemd_store_close(store);
	close(a);
	close(http);
	close(dns);
}

static void
test_no_room(void **state)
{
	struct fdset given = { 0 };
	struct systemd_store *store = systemd_store_open(ends[0], 3, &given);
	int a = new_file(), b = new_file();

	assert_int_equal(systemd_store_put(store, "a", a), 0);
	errno = 0;
	assert_int_equal(systemd_store_put(store, "b", b), -1);
	assert_int_equal(errno, EXFULL);
	assert_int_equal(systemd_store_put(store, "a", a), 0);
	assert_int_equal(systemd_store_remove(store, "a"), 0);
	assert_int_equal(systemd_store_put(store, "b", b), 0);
	systemd_store_close(store);
	close(a);
	close(b);
}

static void
test_torn_directory(void **state)
{
	struct fdset given = { 0 };
	struct systemd_store *store = start(&given);
	int a = new_file();
	size_t i;

	assert_int_equal(systemd_store_put(store, "a", a), 0);
	systemd_store_close(store);
	listen_to_all();
	for (i = 0; i < nstored; i++)
		if (strstr(stored[i].name, "directory") != NULL)
			assert_int_equal(ftruncate(stored[i].fd, 40), 0);
	errno = 0;
	assert_null(start(&given));
	assert_int_equal(errno, EBADMSG);
	fdset_fini(&given);
	/* What is stored stays stored. */
	listen_to_all();
	assert_int_equal(nstored, 3);
	close(a);
}

/* As it is with so many open files that there can be no other. */
static void
allow_more_files(bool allowed)
{
	static struct rlimit usual;
	struct rlimit none;

	if (!allowed)
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	none = (struct rlimit){ .rlim_max = usual.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, allowed ? &usual : &none), 0);
}

/* What is stolen is closed, whatever it was that failed. */
static void
expect_closed(int exe, int otherwise)
{
	assert_int_equal(fcntl(exe, F_GETFD), -1);
	assert_int_equal(fcntl(otherwise, F_GETFD), -1);
}

static void
test_arguments_that_cannot_be_read(void **state)
{
	int exe = new_file(), otherwise = new_file();
	struct fdset fdset = { 0 };

	allow_more_files(false);
	errno = 0;
	assert_int_equal(inplace_exec(&fdset, exe, otherwise), -1);
	assert_int_equal(errno, EMFILE);
	allow_more_files(true);
	expect_closed(exe, otherwise);
}

static void
test_duplicates_that_cannot_be_made(void **state)
{
	int exe = new_file(), otherwise = new_file();
	struct fdset given = { 0 };
	struct systemd_store *store = start(&given);

	allow_more_files(false);
	assert_int_equal(systemd_store_execute(store, exe, otherwise), -1);
	assert_int_not_equal(errno, 0);
	allow_more_files(true);
	expect_closed(exe, otherwise);
	fdset_fini(&given);
	systemd_store_close(store);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_names_are_kept),
		TEST(test_replaced),
		TEST(test_removal_unsaid),
		TEST(test_one_file_by_two_names),
		TEST(test_killed_between),
		TEST(test_passed_beside),
		TEST(test_no_room),
		TEST(test_torn_directory),
		TEST(test_arguments_that_cannot_be_read),
		TEST(test_duplicates_that_cannot_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
