/* SPDX-License-Identifier: ISC */
/*
 * Which descriptors are duplicates, also without kcmp(2), as in a container.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

/* Compare each with another of its kind: 0 if all are distinguished. */
static int
tell_apart(void)
{
	int pair[2], fds[8], n = 0, i, j, copy;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return 100;
	fds[n++] = pair[0];
	fds[n++] = pair[1];
	fds[n++] = memfd_create("a", 0);
	fds[n++] = memfd_create("a", 0);
	fds[n++] = eventfd(0, 0);
	fds[n++] = eventfd(0, 0);
	fds[n++] = open("/dev/null", O_RDWR);
	fds[n++] = open("/dev/null", O_RDWR);
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			if (i != j && fd_is_same(fds[i], fds[j]))
				return i + 1;
	/* A file with an inode of its own is known by the inode. */
	for (i = 0; i < 4; i++) {
		copy = dup(fds[i]);
		if (!fd_is_same(fds[i], copy))
			return 50 + i;
		close(copy);
	}
	for (i = 0; i < n; i++)
		close(fds[i]);
	return 0;
}

static void
duplicates_are_told_from_others(void **state)
{
	int fd = open("/dev/null", O_RDONLY), copy = dup(fd);

	assert_int_equal(tell_apart(), 0);
	assert_true(fd_is_same(fd, copy));
	close(fd);
	close(copy);
}

static void
and_without_kcmp_none_is_taken_for_another(void **state)
{
	scmp_filter_ctx filter;
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		filter = seccomp_init(SCMP_ACT_ALLOW);
		if (filter == NULL ||
		    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
			SCMP_SYS(kcmp), 0) != 0 ||
		    seccomp_load(filter) != 0)
			_exit(200);
		_exit(tell_apart());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define ARRANGED 40

/* A pipe's end of each kind; a duplicate may be asked for twice. */
static int
arrange_some(unsigned int seed)
{
	int fds[ARRANGED], marks[ARRANGED], first = 3, i, n, fd;
	struct rlimit limit = { 3 + ARRANGED + 8, 3 + ARRANGED + 8 };
	char name[16];

	srand(seed);
	closefrom(first);
	n = 1 + rand() % ARRANGED;
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%d", i);
		fds[i] = memfd_create(name, MFD_CLOEXEC);
		if (fds[i] == -1 || ftruncate(fds[i], i) == -1)
			return 1;
		marks[i] = i;
	}
	for (i = 0; i < n; i++) { /* shuffle, and repeat one now and then */
		int other = rand() % n, t = fds[i];

		fds[i] = fds[other];
		fds[other] = t;
		t = marks[i];
		marks[i] = marks[other];
		marks[other] = t;
	}
	if (n > 1 && rand() % 2 == 0) {
		fds[0] = fds[n - 1];
		marks[0] = marks[n - 1];
	}
	if (rand() % 2 == 0)
		first += rand() % 5;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    fd_arrange(fds, (size_t)n, first, (size_t)n / 2) == -1)
		return 2;
	for (i = 0; i < n; i++) {
		struct stat st;

		fd = first + i;
		if (fds[i] != fd || fstat(fd, &st) == -1 ||
		    st.st_size != marks[i] ||
		    (fcntl(fd, F_GETFD) == 0) != (i < n / 2))
			return 3;
	}
	return 0;
}

static void
they_are_arranged_with_little_room(void **state)
{
	unsigned int seed;
	int status;
	pid_t pid;

	for (seed = 0; seed < 300; seed++) {
		if ((pid = fork()) == 0)
			_exit(arrange_some(seed));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(duplicates_are_told_from_others),
		cmocka_unit_test(and_without_kcmp_none_is_taken_for_another),
		cmocka_unit_test(they_are_arranged_with_little_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
