/* SPDX-License-Identifier: ISC */
/*
 * Stored descriptors: what is kept, for whom, and how long.  At the end of each
 * test none may be left.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "process/fdstore.h"

#define DEADLINE_MS 60000
#define MAX	    8
#define IDS	    32

static struct event_base *base;
static struct fdpool *pool;
static struct fdstore *store;
static int held[IDS]; /* what a successor would get, by number */
static unsigned int hang_ups;
static int first_free;

static void
added(unsigned int id, int fd, void *arg)
{
	assert_in_range(id, 1, IDS - 1);
	assert_int_equal(held[id], -1);
	assert_int_not_equal(held[id] = fd_dup(fd), -1);
}

static void
removed(unsigned int id, void *arg)
{
	assert_int_not_equal(held[id], -1);
	fd_close(&held[id]);
}

static void
hung_up(void *arg)
{
	hang_ups++;
}

static const struct fdpool_events events = { added, removed, hung_up };

static int
lowest_free(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static int
set_up(void **state)
{
	first_free = lowest_free();
	memset(held, -1, sizeof(held));
	hang_ups = 0;
	base = event_base_new();
	pool = fdpool_new(base, &events, NULL);
	store = fdstore_new(pool);
	return base == NULL || pool == NULL || store == NULL;
}

static int
tear_down(void **state)
{
	size_t i;

	fdstore_free(store);
	fdpool_free(pool);
	event_base_free(base);
	for (i = 0; i < IDS; i++)
		assert_int_equal(held[i], -1);
	assert_int_equal(lowest_free(), first_free);
	return 0;
}

static int
new_memfd(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
put(struct fdstore *to, const char *name, int fd)
{
	assert_int_equal(fdstore_put(to, name, fd, true, MAX), 0);
}

/* The names in their order, each followed by a blank. */
static void
expect(const struct fdstore *in, const char *names)
{
	const struct fdentry *entry;
	char text[256] = "";
	size_t i;

	for (i = 0; i < fdstore_count(in); i++) {
		entry = fdstore_entry(in, i);
		assert_int_not_equal(fcntl(fdentry_fd(entry), F_GETFD), -1);
		strlcat(text, entry->name, sizeof(text));
		strlcat(text, " ", sizeof(text));
	}
	assert_string_equal(text, names);
}

static void
turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
await_hang_up(unsigned int n)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (hang_ups < n && clock_ms() < deadline)
		turn();
	assert_int_equal(hang_ups, n);
}

static void
names_may_be_shared_and_order_is_kept(void **state)
{
	put(store, "b", new_memfd());
	put(store, "a", new_memfd());
	put(store, "b", new_memfd());
	put(store, "", new_memfd());
	expect(store, "b a b  ");
	assert_true(fdstore_remove(store, "b"));
	expect(store, "a  ");
	assert_false(fdstore_remove(store, "b"));
	assert_true(fdstore_remove(store, ""));
	expect(store, "a ");
}

static void
an_open_file_is_stored_once(void **state)
{
	int fd = new_memfd(), other;
	char path[64];

	put(store, "a", fd_dup(fd));
	put(store, "a", fd_dup(fd));
	put(store, "b", fd_dup(fd));
	expect(store, "a ");
	/* Open the same file a second time. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, O_RDWR | O_CLOEXEC);
	assert_int_not_equal(other, -1);
	put(store, "b", other);
	expect(store, "a b ");
	close(fd);
}

static void
a_full_store_takes_no_more(void **state)
{
	int fd, i;

	for (i = 0; i < MAX; i++)
		put(store, "x", fd = new_memfd());
	assert_int_equal(fdstore_put(store, "y", new_memfd(), true, MAX), -1);
	assert_int_equal(errno, EXFULL);
	/* A descriptor that is stored already needs no room. */
	put(store, "x", fd_dup(fd));
	assert_int_equal(fdstore_count(store), MAX);
	assert_int_equal(fdstore_put(store, "y", new_memfd(), true, 0), -1);
	fdstore_clear(store);
	put(store, "y", new_memfd());
	expect(store, "y ");
}

static void
descriptors_are_left_for_all_else(void **state)
{
	struct rlimit limit, tight;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = limit;
	tight.rlim_cur = (rlim_t)lowest_free() + 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(fdstore_put(store, "x", new_memfd(), true, MAX), -1);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	expect(store, "");
}

static void
a_copy_goes_its_own_way(void **state)
{
	struct fdstore *other = fdstore_new(pool);
	int before;

	put(store, "a", new_memfd());
	put(store, "b", new_memfd());
	put(other, "old", new_memfd());
	before = lowest_free();
	assert_int_equal(fdstore_copy(other, store), 0);
	/* This takes no descriptor: the one of "old" is free again. */
	assert_true(lowest_free() <= before);
	expect(other, "a b ");
	assert_true(fdstore_remove(store, "a"));
	put(store, "c", new_memfd());
	expect(store, "b c ");
	expect(other, "a b ");
	/* A store may have the other store's file under another name. */
	put(store, "z", fd_dup(fdentry_fd(fdstore_entry(other, 0))));
	expect(store, "b c z ");
	fdstore_clear(store);
	expect(other, "a b ");
	fdstore_free(other);
}

static void
what_hangs_up_goes_everywhere(void **state)
{
	struct fdstore *other = fdstore_new(pool);
	int pair[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	put(store, "a", new_memfd());
	put(store, "b", fd_dup(pair[0]));
	assert_int_equal(fdstore_copy(other, store), 0);
	turn();
	/* Data to read, or the end of the data, is no hang-up. */
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
	turn();
	assert_int_equal(hang_ups, 0);
	close(pair[1]);
	await_hang_up(1);
	expect(store, "a ");
	expect(other, "a ");
	turn();
	assert_int_equal(hang_ups, 1);
	close(pair[0]);
	fdstore_free(other);
}

static void
fdpoll_0_keeps_what_hangs_up(void **state)
{
	struct fdstore *other = fdstore_new(pool);
	int pair[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(
	    fdstore_put(store, "kept", fd_dup(pair[0]), false, MAX), 0);
	put(other, "watched", pair[0]);
	close(pair[1]);
	await_hang_up(1);
	expect(store, "kept ");
	expect(other, "");
	/* The hang-up is not reported again. */
	turn();
	turn();
	assert_int_equal(hang_ups, 1);
	fdstore_free(other);
}

/* epoll_ctl(2) refuses some of these. */
static void
what_holds_no_other_file_can_be_stored(void **state)
{
	put(store, "directory", open("/", O_RDONLY | O_CLOEXEC));
	put(store, "path", open("/", O_PATH | O_CLOEXEC));
	put(store, "null", open("/dev/null", O_RDONLY | O_CLOEXEC));
	put(store, "event", eventfd(0, EFD_CLOEXEC));
	put(store, "file", open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	turn();
	expect(store, "directory path null event file ");
}

/* Its poll(2) polls every file in it, whoever serves that file. */
static void
an_epoll_instance_is_refused(void **state)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;
	int fd = epoll_create1(EPOLL_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(fdstore_put(store, "epoll", fd, true, MAX), -1);
	assert_int_equal(errno, EREMOTE);
	expect(store, "");
	/* A child closes it. */
	while (fcntl(fd, F_GETFD) != -1 && clock_ms() < deadline)
		poll(NULL, 0, 1);
}

/* What a predecessor had held; a successor gets each once. */
static int left[IDS];

static int
take(unsigned int id, void *arg)
{
	int fd = left[id];

	left[id] = -1;
	/* The descriptor is held further. */
	if (fd != -1)
		assert_int_not_equal(held[id] = fd_dup(fd), -1);
	return fd;
}

static void
a_successor_has_them_again(void **state)
{
	struct fdstore *other = fdstore_new(pool);
	json_t *saved, *saved_other;
	int pair[2], i;

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	put(store, "a", new_memfd());
	put(store, "pair", pair[0]);
	assert_int_equal(fdstore_copy(other, store), 0);
	put(other, "lost", new_memfd());
	saved = fdstore_save(store);
	saved_other = fdstore_save(other);
	for (i = 0; i < IDS; i++)
		left[i] = held[i] == -1 ? -1 : fd_dup(held[i]);
	fd_close(&left[3]);
	fdstore_clear(store);
	fdstore_clear(other);
	assert_int_equal(fdstore_restore(store, saved, take, NULL), 0);
	assert_int_equal(fdstore_restore(other, saved_other, take, NULL), 0);
	expect(store, "a pair ");
	expect(other, "a pair ");
	put(store, "new", new_memfd());
	close(pair[1]);
	await_hang_up(1);
	expect(store, "a new ");
	expect(other, "a ");
	json_decref(saved);
	json_decref(saved_other);
	fdstore_free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_may_be_shared_and_order_is_kept),
		TEST(an_open_file_is_stored_once),
		TEST(a_full_store_takes_no_more),
		TEST(descriptors_are_left_for_all_else),
		TEST(a_copy_goes_its_own_way),
		TEST(what_hangs_up_goes_everywhere),
		TEST(fdpoll_0_keeps_what_hangs_up),
		TEST(what_holds_no_other_file_can_be_stored),
		TEST(an_epoll_instance_is_refused),
		TEST(a_successor_has_them_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
