/* SPDX-License-Identifier: ISC */
/*
 * Images: a real child prepares them from real files, good and broken; they are
 * found again after the file has been overwritten or deleted.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <setjmp.h>
#include <sha2.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "process/image.h"
#include "process/image_copy.h"
#include "process/image_plan.h"
#include "process/reaper.h"

#define LIMIT_S 10
#define SCRIPT	"#!/bin/sh\nexit 0\n"
#define OTHER	"#!/bin/sh\nexit 1\n"

/* What done was called with. */
static struct {
	struct image *image;
	char why[1024];
	unsigned int calls;
} told;

static struct event_base *base;
static char directory[32];
static char file[64];
static char store[64];
static const char *argv[] = { file, "--flag", NULL };
static struct image_spec spec;

static void
ignore_orphan(pid_t pid, int status, void *arg)
{
}

static int
start_loop(void **state)
{
	base = event_base_new();
	return reaper_init(base, ignore_orphan, NULL);
}

static int
stop_loop(void **state)
{
	reaper_fini();
	event_base_free(base);
	return 0;
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_int_not_equal(fd, -1);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static int
set_up(void **state)
{
	strlcpy(directory, "/tmp/image-test-XXXXXX", sizeof(directory));
	if (mkdtemp(directory) == NULL || chmod(directory, 0755) == -1)
		return -1;
	snprintf(file, sizeof(file), "%s/server", directory);
	snprintf(store, sizeof(store), "%s/images", directory);
	memset(&told, 0, sizeof(told));
	spec = (struct image_spec){ .argv = (char *const *)argv, .umask = -1 };
	write_file(file, SCRIPT);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int
tear_down(void **state)
{
	image_unref(told.image);
	umount(store); /* if a test has filled a file system */
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
done(struct image *image, const char *why, void *arg)
{
	told.image = image;
	told.calls++;
	if (why != NULL)
		strlcpy(told.why, why, sizeof(told.why));
	event_base_loopbreak(base);
}

/* Prepare spec and wait for the result. */
static struct image *
prepare(const char *copies)
{
	struct timeval limit = { .tv_sec = LIMIT_S };

	image_unref(told.image);
	memset(&told, 0, sizeof(told));
	assert_non_null(image_prepare(base, &spec, copies, done, NULL));
	assert_int_equal(told.calls, 0);
	event_base_loopexit(base, &limit);
	event_base_dispatch(base);
	assert_int_equal(told.calls, 1);
	assert_true((told.image == NULL) == (told.why[0] != '\0'));
	return told.image;
}

static struct image *
prepare_well(const char *copies)
{
	if (prepare(copies) == NULL)
		fail_msg("%s", told.why);
	return told.image;
}

static unsigned int
count_files(const char *path)
{
	char command[128], text[16];
	FILE *out;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", path);
	out = popen(command, "re");
	assert_non_null(fgets(text, sizeof(text), out));
	pclose(out);
	return (unsigned int)atoi(text);
}

static void
expect_bytes(const char *path, const char *text)
{
	char *found = fd_read_file(path, 1 << 20, NULL);

	assert_non_null(found);
	assert_string_equal(found, text);
	free(found);
}

/* Is the program's copy what was hashed? */
static bool
image_is_whole(const struct image *image)
{
	char sha256[SHA256_DIGEST_STRING_LENGTH];

	return SHA256File(image->program.copy, sha256) != NULL &&
	    strcmp(sha256, image->program.sha256) == 0;
}

/* A program that nobody has written just now, and its image, *new*. */
static struct image *
prepare_old(void)
{
	static const char *const old[] = { "/usr/bin/env", NULL };

	spec.argv = (char *const *)old;
	return image_ref(prepare_well(store));
}

/* Overwrite a file in place, and put the time of the write back. */
static void
write_secretly(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct timespec times[2];
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void
a_known_file_is_not_read_again(void **state)
{
	struct image *old = prepare_old(), *image;

	if (!old->program.settled) {
		image_unref(old);
		skip(); /* its file system does not suit */
	}
	/* Only who reads the file and its copy sees this. */
	assert_int_equal(chmod(old->program.copy, 0755), 0);
	write_secretly(old->program.copy, "not what was hashed");
	spec.known = old;
	image = prepare_well(store);
	assert_string_equal(image->program.sha256, old->program.sha256);
	assert_string_equal(image->program.copy, old->program.copy);
	assert_true(image->program.settled);
	assert_false(image_is_whole(image));
	/* Without its copy, or if it is not held, it is read. */
	fd_close(&old->program.fd);
	image = prepare_well(store);
	assert_true(image_is_whole(image));
	image_unref(old);
}

static void
a_file_that_others_may_write_or_that_is_new_is_read_again(void **state)
{
	struct image *old = image_ref(prepare_well(store)), *image;

	assert_false(old->program.settled);
	write_secretly(file, "#!/bin/sh\nexit 9");
	spec.known = old;
	image = prepare_well(store);
	assert_string_not_equal(image->program.sha256, old->program.sha256);
	assert_int_equal(chmod(file, 0775), 0);
	assert_false(prepare_well(store)->program.settled);
	image_unref(old);
}

static void
a_known_file_with_other_times_is_read_again(void **state)
{
	struct image *old = prepare_old();
	struct stat st;

	assert_int_equal(stat("/usr/bin/env", &st), 0);
	old->program.settled = true;
	assert_true(image_file_is_same(&old->program, &st));
	st.st_ctim.tv_nsec ^= 1;
	assert_false(image_file_is_same(&old->program, &st));
	st.st_ctim.tv_nsec ^= 1;
	st.st_ino++;
	assert_false(image_file_is_same(&old->program, &st));
	image_unref(old);
}

static void
a_program_is_hashed_and_copied(void **state)
{
	char sha256[SHA256_DIGEST_STRING_LENGTH];
	struct image *image = prepare_well(store);
	struct stat st;

	assert_string_equal(image->program.path, file);
	assert_string_equal(image->program.sha256, SHA256File(file, sha256));
	assert_null(image->warning);
	expect_bytes(image->program.copy, SCRIPT);
	assert_int_equal(stat(image->program.copy, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0555);
	assert_int_equal(stat(store, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(count_files(store), 1);
	assert_string_equal(image->argv[1], "--flag");
	assert_null(image->argv[2]);
	assert_int_not_equal(image->program.fd, -1);
	assert_true(fcntl(image->program.fd, F_GETFD) & FD_CLOEXEC);
}

/* Is this access to the copy permitted to this user? */
static bool
may(const char *path, uid_t uid, gid_t gid, int mode)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (setgroups(0, NULL) == -1 || setgid(gid) == -1 ||
		    setuid(uid) == -1)
			_exit(2);
		_exit(access(path, mode) == 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 0;
}

#define NOBODY	65534
#define STAFF	50
#define ANOTHER 4242

/* The file is of nobody and of the group: who may execute its copy? */
static void
the_copy_is_for_those_whom_the_file_was_for(void **state)
{
	static const struct {
		mode_t mode;
		bool owner, group, others;
	} cases[] = {
		{ 0755, true, true, true },
		{ 0700, true, false, false },
		{ 0750, true, true, false },
		{ 0705, true, false, true },
		{ 06711, true, true, true },
	};
	struct stat st;
	struct image *image;
	size_t i;

	if (geteuid() != 0)
		skip();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(chown(file, NOBODY, STAFF), 0);
		assert_int_equal(chmod(file, cases[i].mode), 0);
		spec.user = "nobody";
		image = prepare_well(store);
		assert_null(image->warning);
		assert_int_equal(stat(image->program.copy, &st), 0);
		assert_int_equal(st.st_uid, 0);
		assert_int_equal(st.st_mode & (S_ISUID | S_ISGID | 0222), 0);
		assert_int_equal(may(image->program.copy, NOBODY, NOBODY, X_OK),
		    cases[i].owner);
		assert_int_equal(may(image->program.copy, ANOTHER, STAFF, X_OK),
		    cases[i].group);
		assert_int_equal(
		    may(image->program.copy, ANOTHER, ANOTHER, X_OK),
		    cases[i].others);
		assert_int_equal(
		    may(image->program.copy, ANOTHER, ANOTHER, R_OK),
		    (cases[i].mode & 04) != 0);
		assert_false(may(image->program.copy, NOBODY, STAFF, W_OK));
		image_unref(image);
		told.image = NULL;
	}
}

static void
without_a_store_there_is_no_copy_and_no_warning(void **state)
{
	struct image *image = prepare_well(NULL);

	assert_null(image->program.copy);
	assert_null(image->warning);
	assert_int_equal(strlen(image->program.sha256), 64);
}

static void
a_link_is_followed_anew_each_time(void **state)
{
	char link[64], second[64];

	snprintf(link, sizeof(link), "%s/current", directory);
	snprintf(second, sizeof(second), "%s/second", directory);
	write_file(second, OTHER);
	spec.exe = "./current";
	spec.chdir = directory;
	assert_int_equal(symlink("server", link), 0);
	assert_string_equal(prepare_well(NULL)->program.path, file);
	unlink(link);
	assert_int_equal(symlink(second, link), 0);
	assert_string_equal(prepare_well(NULL)->program.path, second);
	assert_string_equal(told.image->exe, "./current");
	assert_string_equal(told.image->argv[0], file);
}

static void
a_name_without_a_slash_is_searched_in_path(void **state)
{
	const char *inherited = getenv("PATH");
	char *before, path[128];

	assert_non_null(inherited);
	before = strdup(inherited);
	snprintf(path, sizeof(path), "/nowhere:%s", directory);
	setenv("PATH", path, 1);
	spec.exe = "server";
	prepare_well(NULL);
	spec.exe = "servant";
	assert_null(prepare(NULL));
	setenv("PATH", before, 1);
	free(before);
	assert_string_equal(
	    told.why, "servant is in none of the directories of PATH");
}

static void
a_copy_that_is_there_is_used_again_but_only_if_it_is_whole(void **state)
{
	struct stat first, second;

	assert_int_equal(stat(prepare_well(store)->program.copy, &first), 0);
	assert_int_equal(stat(prepare_well(store)->program.copy, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	chmod(told.image->program.copy, 0755);
	write_file(told.image->program.copy, OTHER);
	expect_bytes(prepare_well(store)->program.copy, SCRIPT);
	assert_int_equal(count_files(store), 1);
}

static void
expect_warning(const char *place, const char *cause)
{
	char wanted[256];
	struct image *image = prepare_well(place);

	assert_null(image->program.copy);
	snprintf(wanted, sizeof(wanted), "no private copy of %s in %s: %s",
	    file, place, cause);
	assert_string_equal(image->warning, wanted);
}

static void
a_store_that_cannot_be_made_is_a_warning(void **state)
{
	char place[128];

	snprintf(place, sizeof(place), "%s/images", file);
	expect_warning(place, "Not a directory");
}

static void
a_full_disk_is_a_warning_and_leaves_nothing(void **state)
{
	char *large;

	if (mkdir(store, 0755) == -1 ||
	    mount("tmpfs", store, "tmpfs", 0, "size=16k") == -1)
		skip();
	large = malloc(65536);
	assert_non_null(large);
	memset(large, 'x', 65536);
	large[65535] = '\0';
	write_file(file, large);
	free(large);
	expect_warning(store, "No space left on device");
	assert_int_equal(count_files(store), 0);
}

/* Each makes a file that must be refused from the good file. */
static void
make_missing(void)
{
	unlink(file);
}

static void
make_untidy(void)
{
	static char untidy[80];

	unlink(file);
	snprintf(untidy, sizeof(untidy), "/.//%s/././/server", directory);
	spec.exe = untidy;
}

static void
make_directory(void)
{
	unlink(file);
	mkdir(file, 0755);
}

static void
make_dangling(void)
{
	unlink(file);
	assert_int_equal(symlink("/no/such/file", file), 0);
}

static void
make_loop(void)
{
	unlink(file);
	assert_int_equal(symlink(file, file), 0);
}

static void
make_fifo(void)
{
	unlink(file);
	mkfifo(file, 0755);
}

static void
make_plain(void)
{
	chmod(file, 0644);
}

static void
make_empty(void)
{
	write_file(file, "");
}

static void
make_truncated(void)
{
	write_file(file, "\177ELF\2\1\1");
}

static void
make_writable(void)
{
	chmod(file, 0777);
}

static void
make_open_directory(void)
{
	chmod(directory, 0777);
}

static void
make_private(void)
{
	spec.user = "nobody";
	chmod(file, 0700);
}

static void
make_unreachable(void)
{
	spec.user = "nobody";
	chmod(directory, 0700);
}

static void
make_homeless(void)
{
	spec.chdir = "/no/such/place";
}

static void
make_userless(void)
{
	spec.user = "no-such-user";
}

static void
files_that_must_not_run_are_refused_with_the_reason(void **state)
{
	static const struct {
		void (*make)(void);
		bool as_root;	    /* only possible for root */
		const char *reason; /* with the file's name in place of %s */
	} cases[] = {
		{ make_missing, false, "%s does not exist" },
		{ make_untidy, false, "%s does not exist" },
		{ make_directory, false, "%s is a directory" },
		{ make_dangling, false,
		    "%s is a dangling link to /no/such/file" },
		{ make_loop, false,
		    "%s cannot be executed: "
		    "Too many levels of symbolic links" },
		{ make_fifo, false, "%s is not a regular file" },
		{ make_plain, false, "%s is not executable (mode 0644)" },
		{ make_empty, false, "%s is empty" },
		{ make_truncated, false,
		    "%s is a truncated program (still being copied?)" },
		{ make_writable, true,
		    "%s could be replaced by others than root: " },
		{ make_open_directory, true,
		    "%s could be replaced by others than root: the directory " },
		{ make_private, true,
		    "%s is not executable by its user (mode 0700)" },
		{ make_unreachable, true, "%s is out of the user's reach: " },
		{ make_homeless, false,
		    "the directory /no/such/place cannot be entered: "
		    "No such file or directory" },
		{ make_userless, false, "there is no user no-such-user" },
	};
	char wanted[256];
	size_t i;

	tear_down(state);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].as_root && geteuid() != 0)
			continue;
		set_up(state);
		cases[i].make();
		assert_null(prepare(store));
		if (strncmp(cases[i].reason, "%s", 2) == 0)
			snprintf(wanted, sizeof(wanted), "%s%s", file,
			    cases[i].reason + 2);
		else
			strlcpy(wanted, cases[i].reason, sizeof(wanted));
		if (strncmp(told.why, wanted, strlen(wanted)) != 0)
			fail_msg("%s, not %s", told.why, wanted);
		assert_null(strchr(told.why, '\n'));
		assert_int_equal(access(store, F_OK), -1);
		tear_down(state);
	}
	set_up(state);
}

static void
what_cannot_be_said_in_json_is_refused(void **state)
{
	argv[1] = "\377";
	assert_null(prepare(NULL));
	argv[1] = "--flag";
	assert_non_null(strstr(told.why, "not UTF-8"));
}

static void
a_cancelled_job_tells_nothing_and_leaves_nothing(void **state)
{
	struct timeval soon = { .tv_usec = 100000 };
	struct image_job *job;

	mkdir(store, 0711);
	job = image_prepare(base, &spec, store, done, NULL);
	assert_non_null(job);
	image_cancel(job);
	event_base_loopexit(base, &soon);
	event_base_dispatch(base);
	assert_int_equal(told.calls, 0);
	image_prune(store, NULL, 0);
	assert_int_equal(count_files(store), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* The ways to the image from the first on, as a word each. */
static void
expect_ways(const char *wanted)
{
	static const char *names[IMAGE_WAYS] = { "place", "moved", "mounted",
		"descriptor", "beside", "copied", "memory" };
	struct image_plan plan;
	char found[128] = "";
	unsigned int way = 0;

	for (; image_plan_next(told.image, way, &plan) == 0;
	     way = plan.way + 1) {
		/* Only root can mount. */
		if (plan.way == IMAGE_MOUNTED)
			continue;
		strlcat(found, found[0] != '\0' ? " " : "", sizeof(found));
		strlcat(found, names[plan.way], sizeof(found));
		if (plan.program_fd != -1)
			assert_int_equal(
			    plan.program_fd, told.image->program.fd);
		else if (plan.way == IMAGE_COPIED ||
		    plan.way == IMAGE_IN_MEMORY)
			assert_string_equal(
			    plan.program, told.image->program.copy);
	}
	assert_int_equal(errno, ESTALE);
	assert_string_equal(found, wanted);
}

static void
a_file_that_is_unchanged_is_started_in_its_place(void **state)
{
	prepare_well(store);
	expect_ways("place");
}

static void
a_file_that_was_overwritten_is_started_from_its_copy(void **state)
{
	prepare_well(store);
	write_file(file, OTHER "\n");
	expect_ways("beside copied memory");
}

static void
a_file_that_was_removed_is_started_by_its_descriptor(void **state)
{
	prepare_well(store);
	unlink(file);
	/* An interpreter could not open its script by the descriptor. */
	expect_ways("beside copied memory");
	told.image->program.interpreted = false;
	expect_ways("descriptor beside copied memory");
	write_file(file, OTHER);
	expect_ways("descriptor beside copied memory");
	prepare_well(NULL);
	told.image->program.interpreted = false;
	unlink(file);
	expect_ways("descriptor");
}

static void
a_file_that_was_moved_is_started_where_it_is(void **state)
{
	struct image_plan plan;
	char moved[80];

	prepare_well(store);
	snprintf(moved, sizeof(moved), "%s/old", directory);
	assert_int_equal(rename(file, moved), 0);
	expect_ways("moved beside copied memory");
	assert_int_equal(image_plan_next(told.image, IMAGE_IN_PLACE, &plan), 0);
	/* Whoever may write to /tmp cannot replace a file of another's. */
	assert_string_equal(plan.program, moved);
}

static void
without_a_copy_an_overwritten_file_is_lost(void **state)
{
	prepare_well(NULL);
	write_file(file, OTHER "\n");
	expect_ways("");
}

static void
a_copy_that_was_cut_is_not_used(void **state)
{
	prepare_well(store);
	write_file(file, OTHER "\n");
	chmod(told.image->program.copy, 0755);
	write_file(told.image->program.copy, "#!");
	expect_ways("");
}

static void
an_image_is_the_same_after_json(void **state)
{
	static char *const env[] = { (char *)"A=1", (char *)"B={slot}", NULL };
	struct image *copy;
	json_t *before, *after;

	spec.env = env;
	spec.umask = 022;
	spec.chdir = directory;
	spec.no_new_privs = true;
	before = image_to_json(prepare_well(store));
	assert_non_null(before);
	copy = image_from_json(before);
	assert_non_null(copy);
	after = image_to_json(copy);
	assert_true(json_equal(before, after));
	assert_int_equal(copy->umask, 022);
	assert_true(copy->no_new_privs);
	assert_string_equal(copy->env[1], "B={slot}");
	assert_int_not_equal(copy->program.fd, -1);
	json_decref(after);
	image_unref(copy);

	json_object_del(before, "file");
	assert_null(image_from_json(before));
	assert_int_equal(errno, EINVAL);
	json_decref(before);
}

static void
pruning_keeps_what_is_needed(void **state)
{
	struct image *first = image_ref(prepare_well(store));
	char path[128];

	write_file(file, OTHER);
	prepare_well(store);
	snprintf(path, sizeof(path), "%s/writing.%d", store, (int)getpid());
	write_file(path, "half");
	assert_int_equal(count_files(store), 3);
	image_prune(store, &told.image, 1);
	assert_int_equal(access(first->program.copy, F_OK), -1);
	assert_int_equal(access(told.image->program.copy, F_OK), 0);
	assert_int_equal(access(path, F_OK), 0);
	image_copy_clean(store, getpid());
	assert_int_equal(count_files(store), 1);
	image_unref(first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_known_file_is_not_read_again),
		TEST(a_known_file_with_other_times_is_read_again),
		TEST(a_file_that_others_may_write_or_that_is_new_is_read_again),
		TEST(a_program_is_hashed_and_copied),
		TEST(the_copy_is_for_those_whom_the_file_was_for),
		TEST(without_a_store_there_is_no_copy_and_no_warning),
		TEST(a_link_is_followed_anew_each_time),
		TEST(a_name_without_a_slash_is_searched_in_path),
		TEST(
		    a_copy_that_is_there_is_used_again_but_only_if_it_is_whole),
		TEST(a_store_that_cannot_be_made_is_a_warning),
		TEST(a_full_disk_is_a_warning_and_leaves_nothing),
		TEST(files_that_must_not_run_are_refused_with_the_reason),
		TEST(what_cannot_be_said_in_json_is_refused),
		TEST(a_cancelled_job_tells_nothing_and_leaves_nothing),
		TEST(a_file_that_is_unchanged_is_started_in_its_place),
		TEST(a_file_that_was_overwritten_is_started_from_its_copy),
		TEST(a_file_that_was_removed_is_started_by_its_descriptor),
		TEST(a_file_that_was_moved_is_started_where_it_is),
		TEST(without_a_copy_an_overwritten_file_is_lost),
		TEST(a_copy_that_was_cut_is_not_used),
		TEST(an_image_is_the_same_after_json),
		TEST(pruning_keeps_what_is_needed),
	};

	return cmocka_run_group_tests(tests, start_loop, stop_loop);
}
