/* SPDX-License-Identifier: ISC */
/*
 * The seccomp filter of a wrapped program.  libseccomp compiles it before fork;
 * it is put in force between fork and execve, where nothing may be allocated.
 */
#include "filter.h"

#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

struct filter {
	struct sock_fprog program;
	bool no_new_privs;
};

/* The calls that wait for the supervisor. */
static const struct {
	int nr;
	bool unlink;
	int option; /* the option of setsockopt(2); else 0 */
} rules[] = {
	{ SCMP_SYS(bind), false, 0 },
	{ SCMP_SYS(listen), false, 0 },
	{ SCMP_SYS(setsockopt), false, SO_REUSEPORT },
	{ SCMP_SYS(setsockopt), false, SO_ATTACH_REUSEPORT_CBPF },
	{ SCMP_SYS(setsockopt), false, SO_ATTACH_REUSEPORT_EBPF },
	{ SCMP_SYS(setsockopt), false, SO_DETACH_REUSEPORT_BPF },
	{ SCMP_SYS(unlink), true, 0 },
	{ SCMP_SYS(unlinkat), true, 0 },
};

/*
 * The kernel takes an int from the lower half of the register, so the filter
 * ignores the upper half.
 */
static int
add_rule(scmp_filter_ctx ctx, int nr, int option)
{
	const struct scmp_arg_cmp arguments[] = {
		SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, SOL_SOCKET),
		SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, option),
	};

	return seccomp_rule_add_array(
	    ctx, SCMP_ACT_NOTIFY, nr, option != 0 ? 2 : 0, arguments);
}

/* Calls of other architectures are allowed: their numbers mean other calls. */
static scmp_filter_ctx
build_rules(bool with_unlink)
{
	scmp_filter_ctx ctx;
	size_t i;
	int r;

	if ((ctx = seccomp_init(SCMP_ACT_ALLOW)) == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	for (i = 0; r == 0 && i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (with_unlink || !rules[i].unlink)
			r = add_rule(ctx, rules[i].nr, rules[i].option);
	}
	if (r == 0)
		return ctx;
	seccomp_release(ctx);
	errno = -r;
	return NULL;
}

/* The lower half of the third argument, which is an int. */
#define LENGTH_AT                                 \
	(offsetof(struct seccomp_data, args[2]) + \
	    (__BYTE_ORDER == __BIG_ENDIAN ? 4 : 0))

/* Our rules for connect(2), in front of the others. */
static int
add_connect(struct sock_fprog *program)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SCMP_SYS(connect), 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LENGTH_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sizeof(struct sockaddr_in),
		    3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sizeof(struct sockaddr_in6),
		    2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, sizeof(struct sockaddr_un),
		    1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const size_t n = sizeof(code) / sizeof(code[0]);
	struct sock_filter *all = calloc(n + program->len, sizeof(*all));

	if (all == NULL)
		return -1;
	memcpy(all, code, sizeof(code));
	memcpy(all + n, program->filter, program->len * sizeof(*all));
	free(program->filter);
	program->filter = all;
	program->len += (unsigned short)n;
	return 0;
}

/* libseccomp writes a compiled program only to a file. */
static int
export_program(scmp_filter_ctx ctx, struct sock_fprog *program)
{
	struct stat st;
	ssize_t n = -1;
	int fd, r;

	if ((fd = memfd_create("filter", MFD_CLOEXEC)) == -1)
		return -1;
	if ((r = seccomp_export_bpf(ctx, fd)) != 0) {
		errno = -r;
		goto out;
	}
	if (fstat(fd, &st) == -1)
		goto out;
	if ((program->filter = malloc(st.st_size)) == NULL)
		goto out;
	n = pread(fd, program->filter, st.st_size, 0);
	program->len = st.st_size / sizeof(*program->filter);
out:
	fd_close(&fd);
	return n == -1 ? -1 : 0;
}

struct filter *
filter_new(const struct filter_options *options)
{
	struct filter *filter;
	scmp_filter_ctx ctx;
	int r;

	if ((filter = calloc(1, sizeof(*filter))) == NULL)
		return NULL;
	filter->no_new_privs = options->no_new_privs;
	if ((ctx = build_rules(options->unlink)) == NULL)
		goto fail;
	r = export_program(ctx, &filter->program);
	seccomp_release(ctx);
	if (r == 0 && options->connect)
		r = add_connect(&filter->program);
	if (r == 0)
		return filter;
fail:
	filter_free(filter);
	return NULL;
}

void
filter_free(struct filter *filter)
{
	if (filter == NULL)
		return;
	free(filter->program.filter);
	free(filter);
}

/*
 * Without WAIT_KILLABLE_RECV (Linux 5.19) every signal starts the program's
 * call again, and Go's preemption sends signals all the time.  Without
 * SPEC_ALLOW the kernel would turn on speculation mitigations, which slow the
 * whole program down.
 */
static int
install_program(const struct sock_fprog *program)
{
	const unsigned long flags =
	    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	long fd;

	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);
	if (fd == -1 && errno == EINVAL)
		fd = syscall(
		    SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
	return fd;
}

int
filter_install(const struct filter *filter, int sock)
{
	ssize_t n;
	int fd;

	if (filter->no_new_privs &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	if ((fd = install_program(&filter->program)) == -1)
		return -1;
	n = fd_send(sock, "", 1, &fd, 1);
	fd_close(&fd);
	return n == -1 ? -1 : 0;
}

int
filter_collect(int sock)
{
	ssize_t received;
	size_t n = 1;
	char byte;
	int fd;

	if ((received = fd_receive(sock, &byte, 1, &fd, &n, NULL)) == -1)
		return -1;
	if (n == 1)
		return fd;
	/* A descriptor for which there is no room is left out, unix(7). */
	errno = received == 1 ? EMFILE : ECONNRESET;
	return -1;
}
