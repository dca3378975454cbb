/* SPDX-License-Identifier: ISC */
/*
 * Starting real programs: what they find about themselves in /proc, and what is
 * reported of programs that cannot be started.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/elf.h"
#include "process/spawn.h"

#define OUTPUT 16384

static char directory[] = "/tmp/spawn-test-XXXXXX";
static char file[sizeof(directory) + 8];
static struct image image;
static struct spawn spawn;
static char why[PATH_MAX + 256];

static int
make_directory(void **state)
{
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/server", directory);
	return chmod(directory, 0755);
}

static int
remove_directory(void **state)
{
	return rmdir(directory);
}

static int
set_up(void **state)
{
	image = (struct image){ .program.fd = -1,
		.script.fd = -1,
		.directory.fd = -1,
		.umask = -1 };
	spawn =
	    (struct spawn){ .image = &image, .name = "shop", .generation = 3 };
	return 0;
}

static int
tear_down(void **state)
{
	fd_close(&image.program.fd);
	unlink(file);
	return 0;
}

/* Make an image of the file at argv[0]. */
static void
use(char *const *argv)
{
	struct stat st;

	image.program.path = argv[0];
	image.argv = (char **)argv;
	assert_int_equal(stat(argv[0], &st), 0);
	image.program.identity = (struct image_identity){ st.st_dev, st.st_ino,
		st.st_size, st.st_mtim, st.st_ctim };
}

/* Start the image by the first way that is open. */
static pid_t
start(void)
{
	struct image_plan plan;
	bool of_way;

	assert_int_equal(image_plan_next(&image, IMAGE_IN_PLACE, &plan), 0);
	spawn.plan = &plan;
	return spawn_start(&spawn, &of_way, why, sizeof(why));
}

/* Start the image with stdout in a file, and return what it wrote. */
static const char *
output(const char *const *argv)
{
	static char text[OUTPUT];
	int out = memfd_create("output", MFD_CLOEXEC), saved = fd_dup(1);
	int status = -1;
	ssize_t n;
	pid_t pid;

	use((char *const *)argv);
	assert_int_not_equal(dup2(out, 1), -1);
	pid = start();
	assert_int_not_equal(dup2(saved, 1), -1);
	close(saved);
	if (pid == -1)
		fail_msg("%s", why);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	n = pread(out, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	close(out);
	return text;
}

static const char *
shell(const char *script)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };

	return output(argv);
}

/* Ignore a signal that the C library uses itself. */
static void
ignore_raw(int signal)
{
	static const unsigned long ignore[8] = { 1 };

	assert_int_equal(
	    syscall(SYS_rt_sigaction, signal, ignore, NULL, (_NSIG - 1) / 8),
	    0);
}

static void
no_signal_is_ignored_caught_or_blocked(void **state)
{
	const char *argv[] = { "/bin/cat", "/proc/self/status", NULL };
	const char *text;
	sigset_t some;

	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGRTMIN + 1, SIG_IGN);
	/* Whoever started us may have ignored it; sigaction(3) cannot. */
	ignore_raw(SIGRTMIN - 1);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigprocmask(SIG_BLOCK, &some, NULL);
	text = output(argv);
	assert_non_null(strstr(text, "SigBlk:\t0000000000000000"));
	assert_non_null(strstr(text, "SigIgn:\t0000000000000000"));
	assert_non_null(strstr(text, "SigCgt:\t0000000000000000"));
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	signal(SIGINT, SIG_DFL);
}

static void
our_own_signal_mask_is_as_before(void **state)
{
	sigset_t some, now;

	sigemptyset(&some);
	sigaddset(&some, SIGUSR2);
	sigprocmask(SIG_BLOCK, &some, NULL);
	shell("exit 0");
	sigprocmask(SIG_UNBLOCK, &some, &now);
	assert_true(sigismember(&now, SIGUSR2));
	assert_false(sigismember(&now, SIGUSR1));
}

static void
it_leads_a_session_of_its_own(void **state)
{
	const char *argv[] = { "/bin/cat", "/proc/self/stat", NULL };
	int pid, group, session;

	assert_int_equal(sscanf(output(argv), "%d %*s %*c %*d %d %d", &pid,
			     &group, &session),
	    3);
	assert_int_equal(pid, group);
	assert_int_equal(pid, session);
}

/* Open a socket with exactly this number. */
static void
open_socket_as(int number)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_not_equal(fd, -1);
	if (fd != number) {
		assert_int_equal(dup2(fd, number), number);
		close(fd);
	}
}

static void
expect_sockets_only(const int numbers[static 3])
{
	const char *argv[] = { "/bin/ls", "-l", "/proc/self/fd", NULL };
	struct spawn_socket sockets[3] = { { .fd = -1 } };
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC), leaked;
	const char *text;
	char wanted[64];
	struct stat st;
	size_t i;

	leaked = fcntl(zero, F_DUPFD, 30);
	close(zero);
	for (i = 0; i < 3; i++) {
		open_socket_as(numbers[i]);
		sockets[i].fd = numbers[i];
	}
	spawn.sockets = sockets;
	spawn.nsockets = 3;
	text = output(argv);
	assert_non_null(strstr(text, " 0 -> /dev/null\n"));
	for (i = 0; i < 3; i++) {
		assert_int_equal(fstat(numbers[i], &st), 0);
		snprintf(wanted, sizeof(wanted), " %zu -> socket:[%lu]\n",
		    3 + i, (unsigned long)st.st_ino);
		assert_non_null(strstr(text, wanted));
		close(numbers[i]);
	}
	close(leaked);
	/* The program itself has opened the directory that it reads. */
	assert_non_null(strstr(text, " 6 -> /proc/"));
	assert_null(strstr(text, " 7 -> "));
	assert_null(strstr(text, "/dev/zero"));
}

static void
it_has_the_sockets_in_order_and_nothing_else(void **state)
{
	/* Numbers that are targets themselves; and far higher numbers. */
	static const int arrangements[][3] = { { 5, 4, 3 }, { 42, 40, 41 } };
	size_t i;

	for (i = 0; i < sizeof(arrangements) / sizeof(arrangements[0]); i++)
		expect_sockets_only(arrangements[i]);
}

/* Other protocols cannot describe stored descriptors: none are passed. */
static void
what_was_stored_comes_behind_the_sockets(void **state)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct spawn_socket stored = { .fd = zero, .name = "z" };
	struct spawn_socket socket = { .fd = 0, .name = "a" };

	spawn.sockets = &socket;
	spawn.nsockets = 1;
	spawn.stored = &stored;
	spawn.nstored = 1;
	spawn.protocols = PASS_SYSTEMD;
	assert_string_equal(shell("readlink /proc/self/fd/4; echo $LISTEN_FDS"),
	    "/dev/zero\n2\n");
	spawn.protocols = PASS_EINHORN;
	assert_string_equal(
	    shell("readlink /proc/$$/fd/4; echo $EINHORN_FD_COUNT"), "1\n");
	close(zero);
}

/* More descriptors than its soft limit allows it to open. */
static void
it_can_be_given_as_many_as_it_may_have(void **state)
{
	struct spawn_socket sockets[80];
	struct rlimit limit, tight;
	size_t i;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = limit;
	tight.rlim_cur = 100;
	for (i = 0; i < 80; i++)
		sockets[i] = (struct spawn_socket){ .fd = 0, .name = "a" };
	spawn.sockets = sockets;
	spawn.nsockets = 80;
	spawn.protocols = PASS_SYSTEMD;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_string_equal(shell("echo $LISTEN_FDS; ulimit -n"), "80\n100\n");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void
listen_pid_is_its_own(void **state)
{
	struct spawn_socket socket = { .fd = 0, .name = "a" };

	spawn.sockets = &socket;
	spawn.nsockets = 1;
	spawn.protocols = PASS_SYSTEMD;
	assert_string_equal(
	    shell("test $$ = \"$LISTEN_PID\" && echo $LISTEN_FDS"), "1\n");
}

static void
arguments_are_expanded_but_for_the_first(void **state)
{
	const char *argv[] = { "/bin/sh", "-c", "echo $0 {generation} $1",
		"{name}", "{slot}", NULL };

	assert_string_equal(output(argv), "shop 3 1\n");
}

static void
umask_and_directory_are_set(void **state)
{
	char wanted[64];

	image.umask = 0027;
	image.chdir = directory;
	snprintf(wanted, sizeof(wanted), "%s 0027\n", directory);
	assert_string_equal(shell("echo $(pwd) $(umask)"), wanted);
}

static void
new_privileges_are_renounced(void **state)
{
	const char *argv[] = { "/bin/cat", "/proc/self/status", NULL };

	image.no_new_privs = true;
	assert_non_null(strstr(output(argv), "NoNewPrivs:\t1"));
}

static void
it_runs_as_the_user(void **state)
{
	const char *argv[] = { "/bin/cat", "/proc/self/status", NULL };
	const gid_t ours = 4;
	const char *text;

	if (geteuid() != 0)
		skip();
	assert_int_equal(setgroups(1, &ours), 0);
	image.user = (char *)"nobody";
	text = output(argv);
	assert_int_equal(setgroups(0, NULL), 0);
	assert_non_null(strstr(text, "Uid:\t65534\t65534\t65534\t65534"));
	assert_null(strstr(text, "Gid:\t0"));
	assert_null(strstr(text, "Groups:\t4"));
	assert_non_null(strstr(text, "CapEff:\t0000000000000000"));
}

static void
write_program(const void *bytes, size_t len, mode_t mode)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	assert_int_not_equal(fd, -1);
	assert_int_equal(fd_write_all(fd, bytes, len), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
write_script(const char *text)
{
	write_program(text, strlen(text), 0755);
}

/* An unlinked program runs by a descriptor that it does not inherit. */
static void
a_deleted_file_still_runs(void **state)
{
	const char *argv[] = { file, "-c",
		"for f in /proc/$$/fd/*; do echo ${f##*/}; done", NULL };
	size_t len;
	char *bytes = fd_read_file("/bin/sh", 1 << 24, &len);
	int out = memfd_create("output", MFD_CLOEXEC), saved = fd_dup(1);
	char text[64] = "";
	pid_t pid;

	write_program(bytes, len, 0755);
	free(bytes);
	use((char *const *)argv);
	image.program.fd = open(file, O_PATH | O_CLOEXEC);
	unlink(file);
	dup2(out, 1);
	pid = start();
	dup2(saved, 1);
	close(saved);
	if (pid == -1)
		fail_msg("%s", why);
	waitpid(pid, NULL, 0);
	assert_true(pread(out, text, sizeof(text) - 1, 0) > 0);
	assert_null(strstr(text, "4"));
	close(out);
}

/* The start fails with this reason; %s stands for the file. */
static void
expect_failure(const char *format)
{
	const char *argv[] = { file, NULL };
	char wanted[PATH_MAX + 256];

	if (access(file, F_OK) == 0)
		use((char *const *)argv);
	why[0] = '\0';
	assert_int_equal(start(), -1);
	snprintf(wanted, sizeof(wanted), "cannot start %s: %s", file, format);
	assert_string_equal(why, wanted);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
files_that_do_not_run_are_explained(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *reason;
	} cases[] = {
		{ "", 0755, "it is empty" },
		{ "exit 0\n", 0755,
		    "it is neither a program nor a script: "
		    "it has no #! line" },
		{ "#!/bin/sh\n", 0644, "it is not executable (mode 0644)" },
		{ "#! /no/such/shell -e\n", 0755,
		    "it needs the interpreter /no/such/shell, "
		    "which does not exist" },
		{ "#!/bin/sh\r\n", 0755,
		    "it needs the interpreter /bin/sh, which does not exist "
		    "(its #! line ends in a carriage return)" },
		{ "#!/etc/passwd\n", 0755,
		    "it needs the interpreter /etc/passwd, "
		    "which is not executable" },
		{ ELFMAG "\2\1\1", 0755,
		    "it is a truncated program (still being copied?)" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_program(
		    cases[i].text, strlen(cases[i].text), cases[i].mode);
		expect_failure(cases[i].reason);
	}
}

static void
another_machines_program_is_named(void **state)
{
	Elf64_Ehdr header = { .e_ident = ELFMAG "\2\2\1",
		.e_type = htobe16(ET_EXEC),
		.e_machine = htobe16(EM_SPARCV9) };
	struct utsname host;
	char reason[256];

	uname(&host);
	write_program(&header, sizeof(header), 0755);
	snprintf(reason, sizeof(reason),
	    "it is a program for sparc64; this machine is %s", host.machine);
	expect_failure(reason);
}

static void
an_elf_file_that_cannot_be_run_is_named(void **state)
{
	char loader[PATH_MAX + 128], *bytes, *place;
	size_t len;
	struct elf elf;
	int fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);

	assert_int_equal(elf_read(&elf, fd), 0);
	close(fd);
	bytes = fd_read_file("/bin/sh", 1 << 24, &len);
	place =
	    memmem(bytes, len, elf.interpreter, strlen(elf.interpreter) + 1);
	assert_non_null(place);
	place[1] = '+';
	write_program(bytes, len, 0755);
	snprintf(loader, sizeof(loader),
	    "it needs the interpreter /+%s, which does not exist",
	    elf.interpreter + 2);
	expect_failure(loader);

	((Elf64_Ehdr *)bytes)->e_type = ET_REL;
	write_program(bytes, len, 0755);
	expect_failure("it is an ELF file but no program");
	free(bytes);
}

static void
a_file_that_is_written_to_is_named(void **state)
{
	int fd;

	write_script("#!/bin/sh\n");
	fd = open(file, O_WRONLY | O_CLOEXEC);
	expect_failure("it is open for writing (still being copied?)");
	close(fd);
}

static void
the_step_that_failed_is_named(void **state)
{
	write_script("#!/bin/sh\n");
	image.chdir = (char *)"/no/such/place";
	expect_failure(
	    "its process cannot enter the directory /no/such/place: No such file or directory");
	image.chdir = NULL;
	image.user = (char *)"no-such-user";
	expect_failure("there is no user no-such-user");
	image.user = NULL;
	image.group = (char *)"no-such-group";
	expect_failure("there is no group no-such-group");
}

static void
a_file_out_of_the_users_reach_is_named(void **state)
{
	char reason[256];

	if (geteuid() != 0)
		skip();
	write_script("#!/bin/sh\n");
	image.user = (char *)"nobody";
	chmod(directory, 0700);
	snprintf(reason, sizeof(reason),
	    "it is out of the user's reach: %s has mode 0700", directory);
	expect_failure(reason);
	chmod(directory, 0755);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_signal_is_ignored_caught_or_blocked),
		TEST(our_own_signal_mask_is_as_before),
		TEST(it_leads_a_session_of_its_own),
		TEST(it_has_the_sockets_in_order_and_nothing_else),
		TEST(what_was_stored_comes_behind_the_sockets),
		TEST(it_can_be_given_as_many_as_it_may_have),
		TEST(listen_pid_is_its_own),
		TEST(arguments_are_expanded_but_for_the_first),
		TEST(umask_and_directory_are_set),
		TEST(new_privileges_are_renounced),
		TEST(it_runs_as_the_user),
		TEST(a_deleted_file_still_runs),
		TEST(files_that_do_not_run_are_explained),
		TEST(another_machines_program_is_named),
		TEST(an_elf_file_that_cannot_be_run_is_named),
		TEST(a_file_that_is_written_to_is_named),
		TEST(the_step_that_failed_is_named),
		TEST(a_file_out_of_the_users_reach_is_named),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
