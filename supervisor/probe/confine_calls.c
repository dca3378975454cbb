/* SPDX-License-Identifier: ISC */
/*
 * The system calls that the prober may make, one row for each.  Every other one
 * fails with EPERM, so that a library can do without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/confine.h"

/* A call with any arguments, or with argument & mask == value. */
struct row {
	int call;
	bool is_bound;
	unsigned int argument;
	scmp_datum_t mask, value;
};

#define CALL(name)                             \
	{                                      \
		SCMP_SYS(name), false, 0, 0, 0 \
	}
#define CALL_IF(name, argument, mask, value)                \
	{                                                   \
		SCMP_SYS(name), true, argument, mask, value \
	}
#define WHOLE 0xffffffffUL /* all bits of an int */

#define NROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC)

/* For using a connection, and for printing the verdict. */
static const struct row for_connected[] = {
	CALL(getpeername),
	CALL(getsockname),
	CALL(getsockopt),
	CALL(setsockopt),
	CALL(recv),
	CALL(recvfrom),
	CALL(recvmsg),
	CALL(send),
	CALL(sendmsg),
	CALL(sendto),
	CALL(shutdown),
	CALL(socketpair), /* libcurl wakes itself by it */
	CALL(eventfd2),
	CALL(pipe2),
	CALL_IF(ioctl, 1, WHOLE, FIONBIO),
	CALL_IF(ioctl, 1, WHOLE, FIONREAD),
	CALL(fcntl),
	CALL(fcntl64),
	CALL(poll),
	CALL(ppoll),
	CALL(ppoll_time64),
	CALL(pselect6),
	CALL(pselect6_time64),
	CALL(select),
	CALL(_newselect),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_pwait),
	CALL(epoll_wait),
	CALL(read),
	CALL(readv),
	CALL(write),
	CALL(writev),
	CALL(close),
	CALL(fstat),
	CALL(fstat64),
	CALL(fstatat64),
	CALL(newfstatat),
	CALL(statx),
	CALL(lseek),
	CALL(_llseek),
	CALL(brk),
	CALL(madvise),
	CALL_IF(mmap, 2, PROT_EXEC, 0),
	CALL_IF(mmap2, 2, PROT_EXEC, 0),
	CALL_IF(mprotect, 2, PROT_EXEC, 0),
	CALL(mremap),
	CALL(munmap),
	CALL(futex),
	CALL(futex_time64),
	CALL(get_robust_list),
	CALL(set_robust_list),
	CALL(membarrier),
	CALL(rseq),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(clock_getres),
	CALL(clock_getres_time64),
	CALL(clock_gettime),
	CALL(clock_gettime64),
	CALL(clock_nanosleep),
	CALL(clock_nanosleep_time64),
	CALL(gettimeofday),
	CALL(nanosleep),
	CALL(time),
	CALL(getrandom),
	CALL(getegid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getpid),
	CALL(gettid),
	CALL(getuid),
	CALL(uname),
	CALL(restart_syscall),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(sigaltstack),
	CALL(sigreturn),
	CALL(exit),
	CALL(exit_group),
};

/* In addition, for making a connection. */
static const struct row for_network[] = {
	CALL_IF(socket, 0, WHOLE, AF_INET),
	CALL_IF(socket, 0, WHOLE, AF_INET6),
	CALL(bind),
	CALL(connect),
};

/* In addition, for resolving a name, and for entering the next stage. */
static const struct row for_names[] = {
	CALL_IF(open, 1, WRITES, O_RDONLY),
	CALL_IF(openat, 2, WRITES, O_RDONLY),
	CALL_IF(socket, 0, WHOLE, AF_UNIX), /* nscd(8), systemd-resolved(8) */
	CALL_IF(socket, 0, WHOLE, AF_NETLINK), /* the addresses of this host */
	CALL(mmap),			       /* libraries, nss(5) */
	CALL(mmap2), CALL(mprotect), CALL(access), CALL(faccessat),
	CALL(faccessat2), CALL(fadvise64), CALL(getdents64), CALL(lstat),
	CALL(lstat64), CALL(pread64), CALL(readlink), CALL(readlinkat),
	CALL(recvmmsg), CALL(recvmmsg_time64), CALL(sendmmsg), CALL(setitimer),
	CALL(stat), CALL(stat64), CALL(statfs), CALL(statfs64), CALL(prctl),
	CALL(seccomp), { 444, false, 0, 0, 0 }, /* landlock_create_ruleset */
	{ 446, false, 0, 0, 0 },		/* landlock_restrict_self */
};

/* Calls that this architecture does not have are left out. */
static void
add_rows(scmp_filter_ctx filter, const struct row *row, size_t n)
{
	for (; n > 0; n--, row++)
		seccomp_rule_add(filter, SCMP_ACT_ALLOW, row->call,
		    row->is_bound,
		    SCMP_CMP(row->argument, SCMP_CMP_MASKED_EQ, row->mask,
			row->value));
}

/* Stands for the process's own PID, which is not known yet; never a PID. */
#define OWN_PID 0x7fffff01

/* *New*; NULL. */
static scmp_filter_ctx
make_rules(enum confine_stage stage)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (filter == NULL)
		return NULL;
	add_rows(filter, for_connected, NROWS(for_connected));
	if (stage == CONFINE_CONNECTED)
		/* libcurl 7.88 connects again although it is told not to. */
		seccomp_rule_add(
		    filter, SCMP_ACT_ERRNO(0), SCMP_SYS(connect), 0);
	else
		add_rows(filter, for_network, NROWS(for_network));
	if (stage == CONFINE_NAMES)
		add_rows(filter, for_names, NROWS(for_names));
	/* For abort(3): a signal to this process alone. */
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, OWN_PID));
	return filter;
}

/* THE PROGRAMS */

/* To make one costs more than all else that a check does by itself. */
static struct program {
	struct sock_filter *code; /* NULL: not made yet */
	unsigned short length;
} programs[] = {
	[CONFINE_NAMES] = { NULL, 0 },
	[CONFINE_NETWORK] = { NULL, 0 },
	[CONFINE_CONNECTED] = { NULL, 0 },
};

/* libseccomp writes a program only to a file; this one holds any. */
static void
read_program(struct program *program, scmp_filter_ctx filter)
{
	static struct sock_filter code[BPF_MAXINSNS];
	ssize_t n = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return;
	if (seccomp_export_bpf(filter, ends[1]) == 0)
		n = read(ends[0], code, sizeof(code));
	close(ends[0]);
	close(ends[1]);
	if (n <= 0 || (program->code = malloc((size_t)n)) == NULL)
		return;
	memcpy(program->code, code, (size_t)n);
	program->length = (unsigned short)((size_t)n / sizeof(code[0]));
}

static struct program *
find_program(enum confine_stage stage)
{
	struct program *program = &programs[stage];
	scmp_filter_ctx filter;

	if (program->code == NULL && (filter = make_rules(stage)) != NULL) {
		read_program(program, filter);
		seccomp_release(filter);
	}
	return program;
}

void
confine_prepare(void)
{
	enum confine_stage stage;

	for (stage = CONFINE_NAMES; stage <= CONFINE_CONNECTED; stage++)
		find_program(stage);
}

void
confine_calls(enum confine_stage stage)
{
	const struct program *program = find_program(stage);
	struct sock_fprog own = { program->length, program->code };
	unsigned short i;

	if (program->code == NULL)
		return;
	for (i = 0; i < own.len; i++)
		if (BPF_CLASS(own.filter[i].code) == BPF_JMP &&
		    own.filter[i].k == OWN_PID)
			own.filter[i].k = (uint32_t)getpid();
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &own);
}
