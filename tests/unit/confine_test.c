/* SPDX-License-Identifier: ISC */
/*
 * What a process can still do once it is confined like the prober: a child
 * makes each attempt, in one stage.
 */
#include "probe/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char file[] = "/tmp/confine_test.XXXXXX";

static int
setup(void **state)
{
	int fd = mkstemp(file);

	return fd == -1 || fchmod(fd, 0666) == -1 || close(fd) == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	return unlink(file);
}

/* ATTEMPTS: each returns -1 with errno if it is prevented. */

static int
read_hosts(void)
{
	return open("/etc/hosts", O_RDONLY | O_CLOEXEC);
}

static int
read_passwords(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int
list_files(void)
{
	return open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
write_file(void)
{
	return open(file, O_WRONLY | O_CLOEXEC);
}

static int
truncate_file(void)
{
	return open(file, O_RDONLY | O_TRUNC | O_CLOEXEC);
}

static int
create_file(void)
{
	return open(
	    "/tmp/confine_test.made", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int
open_anew(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { O_WRONLY, 0, 0 };

	return (int)syscall(SYS_openat2, AT_FDCWD, file, &how, sizeof(how));
}

static int
remove_file(void)
{
	return unlink(file);
}

static int
rename_file(void)
{
	return rename(file, file);
}

static int
change_mode(void)
{
	return chmod(file, 04755);
}

static int
make_directory(void)
{
	return mkdir("/tmp/confine_test.made", 0700);
}

static int
run_program(void)
{
	char *argv[] = { (char *)"true", NULL };

	return execv("/bin/true", argv);
}

static int
run_open_program(void)
{
	char *argv[] = { (char *)"true", NULL };

	return (int)syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0);
}

static int
make_process(void)
{
	return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static int
signal_parent(void)
{
	return kill(getppid(), 0);
}

static int
signal_a_thread_of_another(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int
trace_parent(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int
map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
	    ? -1
	    : 0;
}

static int
turn_into_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int
dump_again(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int
use_internet(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) == -1
	    ? -1
	    : socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int
use_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int
use_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static int
listen_on_a_port(void)
{
	return listen(9, 1);
}

static int
speak(void)
{
	int ends[2];

	return pipe2(ends, O_CLOEXEC) == -1 || write(ends[1], "x", 1) != 1 ? -1
									   : 0;
}

static int
measure_time(void)
{
	struct timespec now;

	return (int)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
}

#define NO EPERM

/* The errno in each stage, or 0: the attempt succeeds. */
static const struct attempt {
	const char *name;
	int (*make)(void);
	int names, network, connected;
} attempts[] = {
	{ "read /etc/hosts", read_hosts, 0, NO, NO },
	{ "write a file", write_file, NO, NO, NO },
	{ "truncate a file", truncate_file, NO, NO, NO },
	{ "create a file", create_file, NO, NO, NO },
	{ "open by openat2(2)", open_anew, NO, NO, NO },
	{ "remove a file", remove_file, NO, NO, NO },
	{ "rename a file", rename_file, NO, NO, NO },
	{ "change a mode", change_mode, NO, NO, NO },
	{ "make a directory", make_directory, NO, NO, NO },
	{ "run a program", run_program, NO, NO, NO },
	{ "run an open program", run_open_program, NO, NO, NO },
	{ "make a process", make_process, NO, NO, NO },
	{ "signal another process", signal_parent, NO, NO, NO },
	{ "signal a thread", signal_a_thread_of_another, NO, NO, NO },
	{ "trace another process", trace_parent, NO, NO, NO },
	{ "map code", map_code, 0, NO, NO },
	{ "turn memory into code", turn_into_code, 0, NO, NO },
	{ "be dumpable again", dump_again, 0, NO, NO },
	{ "use the internet", use_internet, 0, 0, NO },
	{ "use Unix sockets", use_unix, 0, NO, NO },
	{ "use netlink", use_netlink, 0, NO, NO },
	{ "listen", listen_on_a_port, NO, NO, NO },
	{ "speak", speak, 0, 0, 0 },
	{ "measure time", measure_time, 0, 0, 0 },
};

/* The errno of an attempt that a confined child makes. */
static int
try(void (*confine)(enum confine_stage), enum confine_stage stage,
    int (*make)(void))
{
	pid_t pid = fork();
	int status;

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		confine(stage);
		_exit(make() == -1 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
expect(const struct attempt *attempt, enum confine_stage stage, int wanted)
{
	int error = try(confine_calls, stage, attempt->make);

	if (error != wanted)
		fail_msg("%s in stage %d: %s", attempt->name, stage,
		    strerror(error));
}

static void
each_stage_lets_do_what_it_takes_and_nothing_else(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		expect(&attempts[i], CONFINE_NAMES, attempts[i].names);
		expect(&attempts[i], CONFINE_NETWORK, attempts[i].network);
		expect(&attempts[i], CONFINE_CONNECTED, attempts[i].connected);
	}
}

static int
stages_in_turn(void)
{
	confine_calls(CONFINE_NETWORK);
	return read_hosts();
}

static void
the_next_stage_can_still_be_entered(void **state)
{
	assert_int_equal(
	    try(confine_calls, CONFINE_NAMES, stages_in_turn), EPERM);
}

/* By Landlock alone, without the filter of system calls. */
static void
only_what_resolving_takes_can_be_read(void **state)
{
	if (syscall(444, NULL, 0, 1) < 1)
		skip(); /* there is no Landlock */
	assert_int_equal(try(confine_files, CONFINE_NAMES, read_hosts), 0);
	assert_int_equal(
	    try(confine_files, CONFINE_NAMES, read_passwords), EACCES);
	assert_int_equal(try(confine_files, CONFINE_NAMES, list_files), EACCES);
	assert_int_equal(try(confine_files, CONFINE_NAMES, write_file), EACCES);
	assert_int_equal(
	    try(confine_files, CONFINE_NAMES, create_file), EACCES);
	assert_int_equal(
	    try(confine_files, CONFINE_NAMES, run_program), EACCES);
	assert_int_equal(
	    try(confine_files, CONFINE_NETWORK, read_hosts), EACCES);
	assert_int_equal(
	    try(confine_files, CONFINE_NETWORK, run_program), EACCES);
}

/* In a child: one bit for each right that it has kept. */
static int
kept_rights(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct caps[2];
	struct rlimit limit;
	int kept = 0;

	if (syscall(SYS_capget, &header, caps) == -1 ||
	    (caps[0].permitted | caps[1].permitted | caps[0].effective |
		caps[1].effective) != 0)
		kept |= 1;
	if (getuid() == 0 || geteuid() == 0 || setuid(0) == 0)
		kept |= 2;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		kept |= 4;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		kept |= 8;
	if (getrlimit(RLIMIT_NPROC, &limit) == -1 || limit.rlim_max != 0)
		kept |= 16;
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_max > 64)
		kept |= 32;
	if (getrlimit(RLIMIT_CPU, &limit) == -1 || limit.rlim_max > 10)
		kept |= 64;
	return kept;
}

static void
rights_and_room_are_given_up(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(confine_rights(5000, 1) == -1 ? 128 : kept_rights());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_stage_lets_do_what_it_takes_and_nothing_else),
		cmocka_unit_test(the_next_stage_can_still_be_entered),
		cmocka_unit_test(only_what_resolving_takes_can_be_read),
		cmocka_unit_test(rights_and_room_are_given_up),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
