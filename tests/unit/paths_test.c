/* SPDX-License-Identifier: ISC */
/*
 * Where sockets and state are, by environment and user; which directories are
 * refused; sockets whose path is longer than sun_path.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/paths.h"

/* A user ID that nobody has, for what only users other than root see. */
#define NOBODY_ELSE 61234

static char root[64];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int
set_up(void **state)
{
	strlcpy(root, "/tmp/paths_test.XXXXXX", sizeof(root));
	if (mkdtemp(root) == NULL)
		return -1;
	unsetenv("HOTSWAP_RUNTIME_DIR");
	unsetenv("HOTSWAP_STATE_DIR");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_STATE_HOME");
	return chmod(root, 0755);
}

static int
tear_down(void **state)
{
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *
under_root(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
makes_directories_with_their_modes(void **state)
{
	char buf[PATH_MAX];
	mode_t old = umask(0777);

	setenv("HOTSWAP_RUNTIME_DIR", under_root("a/run"), 1);
	assert_int_equal(paths_runtime(buf, true), 0);
	setenv("HOTSWAP_STATE_DIR", under_root("b/state"), 1);
	assert_int_equal(paths_runtime(buf, true), 0);
	assert_string_equal(buf, under_root("a/run"));
	assert_int_equal(mode_of(buf), 0700);
	assert_int_equal(paths_state("web", buf, true), 0);
	assert_string_equal(buf, under_root("b/state/web"));
	assert_int_equal(mode_of(buf), 0711);
	assert_int_equal(mode_of(under_root("b")), 0711);
	assert_int_equal(paths_control("web", buf), 0);
	assert_string_equal(buf, under_root("a/run/web.sock"));
	umask(old);
}

static void
makes_nothing_unasked(void **state)
{
	char buf[PATH_MAX];

	setenv("HOTSWAP_RUNTIME_DIR", under_root("none"), 1);
	setenv("HOTSWAP_STATE_DIR", under_root("none"), 1);
	assert_int_equal(paths_runtime(buf, false), 0);
	assert_int_equal(paths_state("web", buf, false), 0);
	assert_int_equal(access(under_root("none"), F_OK), -1);
}

static void
completes_a_relative_override(void **state)
{
	char buf[PATH_MAX];
	int cwd = open(".", O_PATH | O_CLOEXEC);

	assert_int_equal(chdir(root), 0);
	setenv("HOTSWAP_RUNTIME_DIR", "run", 1);
	assert_int_equal(paths_runtime(buf, true), 0);
	assert_int_equal(fchdir(cwd), 0);
	close(cwd);
	assert_string_equal(buf, under_root("run"));
}

static void
refuses_links_and_open_directories(void **state)
{
	char buf[PATH_MAX], link[PATH_MAX];

	strlcpy(link, under_root("link"), sizeof(link));
	assert_int_equal(symlink(root, link), 0);
	setenv("HOTSWAP_RUNTIME_DIR", link, 1);
	assert_int_equal(paths_runtime(buf, true), -1);
	assert_int_equal(errno, EPERM);

	assert_int_equal(mkdir(under_root("open"), 0700), 0);
	assert_int_equal(chmod(under_root("open"), 0777), 0);
	setenv("HOTSWAP_RUNTIME_DIR", under_root("open"), 1);
	assert_int_equal(paths_runtime(buf, true), -1);
	assert_int_equal(errno, EPERM);

	close(open(under_root("file"), O_CREAT | O_CLOEXEC, 0600));
	setenv("HOTSWAP_RUNTIME_DIR", under_root("file"), 1);
	assert_int_equal(paths_runtime(buf, true), -1);
	assert_int_equal(errno, ENOTDIR);
}

static void
refuses_names_that_leave_the_directory(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "../web" };
	char buf[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(paths_state(bad[i], buf, true), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(paths_control(bad[i], buf), -1);
		assert_int_equal(errno, EINVAL);
	}
}

static void
refuses_what_is_too_long(void **state)
{
	static char endless[PATH_MAX + 1];
	char buf[PATH_MAX];

	memset(endless, 'x', PATH_MAX);
	endless[0] = '/';
	setenv("HOTSWAP_RUNTIME_DIR", endless, 1);
	assert_int_equal(paths_runtime(buf, false), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

/* The choice for an ordinary user; the exit status is the step that failed. */
static int
as_ordinary_user(void)
{
	char buf[PATH_MAX], shared[64];

	snprintf(shared, sizeof(shared), "/tmp/hotswap-%u", geteuid());
	setenv("XDG_RUNTIME_DIR", "not/absolute", 1);
	if (paths_runtime(buf, false) == -1 || strcmp(buf, shared) != 0)
		return 1;
	if (symlink("/tmp", shared) == -1 || paths_runtime(buf, false) == 0 ||
	    errno != EPERM || paths_runtime(buf, true) == 0)
		return 2;
	unlink(shared);
	if (paths_runtime(buf, true) == -1 || mode_of(shared) != 0700)
		return 3;
	chmod(shared, 0750);
	if (paths_runtime(buf, false) == 0 || errno != EPERM)
		return 4;
	rmdir(shared);
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	if (paths_runtime(buf, false) == -1 ||
	    strcmp(buf, "/run/user/7/hotswap") != 0)
		return 5;
	setenv("HOME", "/home/w", 1);
	if (paths_state("web", buf, false) == -1 ||
	    strcmp(buf, "/home/w/.local/state/hotswap/web") != 0)
		return 6;
	setenv("HOME", "/", 1);
	if (paths_state("web", buf, false) == -1 ||
	    strcmp(buf, "/.local/state/hotswap/web") != 0)
		return 7;
	setenv("XDG_STATE_HOME", "//state//", 1);
	if (paths_state("web", buf, false) == -1 ||
	    strcmp(buf, "/state/hotswap/web") != 0)
		return 8;
	return 0;
}

static void
serves_ordinary_users(void **state)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	if ((pid = fork()) == 0)
		_exit(setuid(NOBODY_ELSE) == -1 ? 99 : as_ordinary_user());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
refuses_another_users_directory(void **state)
{
	char buf[PATH_MAX];

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(under_root("theirs"), 0700), 0);
	assert_int_equal(chown(under_root("theirs"), NOBODY_ELSE, -1), 0);
	setenv("HOTSWAP_RUNTIME_DIR", under_root("theirs"), 1);
	assert_int_equal(paths_runtime(buf, true), -1);
	assert_int_equal(errno, EPERM);
}

static void
connects_over_long_paths(void **state)
{
	char path[PATH_MAX];
	int server, client, i;

	strlcpy(path, root, sizeof(path));
	for (i = 0; i < 10; i++) {
		strlcat(path, "/a-rather-long-name", sizeof(path));
		assert_int_equal(mkdir(path, 0700), 0);
	}
	strlcat(path, "/web.sock", sizeof(path));
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(paths_connect(client, path), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(paths_bind(server, path), 0);
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(paths_connect(client, path), 0);
	close(server);
	close(client);
	assert_int_equal(paths_connect(-1, under_root("short")), -1);
	assert_int_equal(errno, EBADF);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_directories_with_their_modes),
		TEST(makes_nothing_unasked),
		TEST(completes_a_relative_override),
		TEST(refuses_links_and_open_directories),
		TEST(refuses_names_that_leave_the_directory),
		TEST(refuses_what_is_too_long),
		TEST(serves_ordinary_users),
		TEST(refuses_another_users_directory),
		TEST(connects_over_long_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
