/* SPDX-License-Identifier: ISC */
/*
 * What this kernel and this user's rights allow.  A call that can be tried
 * without effect is tried, since a distribution's version number says little.
 */
#include "process/features.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel_fault.h"
#include "base/lack.h"
#include "base/proc.h"
#include "filter.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

#define CAPABILITY_NET_BIND 10 /* linux/capability.h */
#define CAPABILITY_PTRACE   19
#define CAPABILITY_ADMIN    21

#define BACKLOG 4096 /* the default of --backlog */
#define NOFILE	4096 /* a busy server soon uses up fewer */

#define ANSWER_SECONDS 1 /* for the kernel, which answers at once */

/* A number in a file of /proc; -1 if there is no such file. */
static long
read_number(const char *path)
{
	char *text = fd_read_file(path, 4096, NULL);
	long number = text != NULL ? strtol(text, NULL, 10) : -1;

	free(text);
	return number;
}

static bool
has_capability(int number)
{
	char *text = proc_status(PROC_SELF);
	const char *line = text != NULL ? proc_line(text, "CapEff:") : NULL;
	unsigned long long set = 0;

	if (line != NULL)
		set = strtoull(line, NULL, 16);
	free(text);
	return (set >> number & 1) != 0;
}

/* Put the error into detail. */
static enum feature_state
result_of(long r, char *detail)
{
	if (r != -1)
		return FEATURE_PRESENT;
	strlcpy(detail, strerror(errno), FEATURE_DETAIL);
	return FEATURE_ABSENT;
}

static enum feature_state
check_kernel(char detail[static FEATURE_DETAIL])
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	if (sscanf(name.release, "%d.%d", &major, &minor) != 2)
		return FEATURE_ABSENT;
	snprintf(detail, FEATURE_DETAIL, "%.90s", name.release);
	if (major < 5 || (major == 5 && minor < 10))
		return FEATURE_ABSENT;
	return major == 5 && minor < 14 ? FEATURE_LIMITED : FEATURE_PRESENT;
}

static enum feature_state
check_notify(char detail[static FEATURE_DETAIL])
{
	const uint32_t action = SECCOMP_RET_USER_NOTIF;

	return result_of(
	    syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), detail);
}

/* Install a filter in a child, which ends with it. */
static int
try_filter(void)
{
	const struct filter_options options = { .no_new_privs = true };
	struct filter *filter = filter_new(&options);
	int socks[2], status = -1;
	pid_t pid;
	int error;

	if (filter == NULL ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks) == -1) {
		filter_free(filter);
		return -1;
	}
	if ((pid = fork()) == 0)
		_exit(filter_install(filter, socks[1]) == 0 ? 0 : errno);
	error = pid == -1 ? errno : ECHILD;
	if (pid != -1)
		waitpid(pid, &status, 0);
	filter_free(filter);
	fd_close(&socks[0]);
	fd_close(&socks[1]);
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : error;
	return errno == 0 ? 0 : -1;
}

/* seccomp(2) allows one filter with a notification descriptor. */
static enum feature_state
check_filter(char detail[static FEATURE_DETAIL])
{
	/* It cannot change while we live, unless it was for lack of memory. */
	static int error = -1;

	if (error == -1 || lack_is(error))
		error = try_filter() == 0 ? 0 : errno;
	errno = error;
	return result_of(error == 0 ? 0 : -1, detail);
}

/* Known flags without a program: EFAULT; unknown flags: EINVAL, seccomp(2). */
static enum feature_state
check_killable(char detail[static FEATURE_DETAIL])
{
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER |
		SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
	    NULL);
	return errno == EFAULT ? FEATURE_PRESENT : FEATURE_LIMITED;
}

static enum feature_state
check_privilege(char detail[static FEATURE_DETAIL])
{
	return has_capability(CAPABILITY_ADMIN) ? FEATURE_PRESENT
						: FEATURE_LIMITED;
}

static enum feature_state
check_getfd(char detail[static FEATURE_DETAIL])
{
	int pidfd = pidfd_open(getpid(), 0), fd;
	enum feature_state state;

	if (pidfd == -1)
		return result_of(-1, detail);
	fd = pidfd_getfd(pidfd, pidfd, 0);
	state = result_of(fd, detail);
	fd_close(&fd);
	fd_close(&pidfd);
	return state;
}

static enum feature_state
check_thread(char detail[static FEATURE_DETAIL])
{
	int pidfd = pidfd_open(getpid(), PIDFD_THREAD);

	if (pidfd == -1)
		return FEATURE_LIMITED;
	fd_close(&pidfd);
	return FEATURE_PRESENT;
}

/* Scope 1 lets us look into our descendants, and that is enough. */
static enum feature_state
check_ptrace(char detail[static FEATURE_DETAIL])
{
	long scope = read_number("/proc/sys/kernel/yama/ptrace_scope");

	if (scope == -1)
		return FEATURE_PRESENT;
	snprintf(
	    detail, FEATURE_DETAIL, "kernel.yama.ptrace_scope = %ld", scope);
	if (scope <= 1 || (scope == 2 && has_capability(CAPABILITY_PTRACE)))
		return FEATURE_PRESENT;
	return FEATURE_ABSENT;
}

static enum feature_state
check_reuseport(char detail[static FEATURE_DETAIL])
{
	static struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	static const struct sock_fprog program = { 1, code };
	enum feature_state state;
	int fd, one = 1, r;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (r == 0)
		r = setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF,
		    &program, sizeof(program));
	state = result_of(r, detail);
	fd_close(&fd);
	return state;
}

/*
 * Ask the kernel for all TCP or all Unix sockets that are in no state, which
 * are none.  0 if it knows how to answer, sock_diag(7): a kernel or a container
 * without that diagnosis opens the socket all the same.
 */
static int
ask_for_no_socket(const void *request, size_t size)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_Alignas(struct nlmsghdr) char answer[4096];
	const struct nlmsghdr *header = (const void *)answer;
	const struct nlmsgerr *error = NLMSG_DATA(header);
	ssize_t n = -1;
	int fd, saved;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (sendto(fd, request, size, 0, (const struct sockaddr *)&kernel,
		sizeof(kernel)) != -1)
		n = recv(fd, answer, sizeof(answer), 0);
	saved = errno;
	fd_close(&fd);
	errno = saved;
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(int)))
		return -1;
	if (header->nlmsg_type != NLMSG_ERROR)
		return 0;
	errno = -error->error;
	return -1;
}

static enum feature_state
check_diagnosis(char detail[static FEATURE_DETAIL])
{
	const struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} tcp = { { sizeof(tcp), SOCK_DIAG_BY_FAMILY,
		      NLM_F_REQUEST | NLM_F_DUMP, 0, 0 },
		{ .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP } };
	const struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} local = { { sizeof(local), SOCK_DIAG_BY_FAMILY,
			NLM_F_REQUEST | NLM_F_DUMP, 0, 0 },
		{ .sdiag_family = AF_UNIX } };

	if (ask_for_no_socket(&tcp, sizeof(tcp)) == -1)
		return result_of(-1, detail);
	if (ask_for_no_socket(&local, sizeof(local)) == 0)
		return FEATURE_PRESENT;
	snprintf(detail, FEATURE_DETAIL, "not of Unix sockets: %.60s",
	    strerror(errno));
	return FEATURE_LIMITED;
}

static enum feature_state
check_migrate(char detail[static FEATURE_DETAIL])
{
	long value = read_number("/proc/sys/net/ipv4/tcp_migrate_req");

	if (value == -1) {
		strlcpy(detail, "no net.ipv4.tcp_migrate_req", FEATURE_DETAIL);
		return FEATURE_ABSENT;
	}
	if (kernel_fault_migrate()) {
		strlcpy(detail, "this kernel does not heed tcp_migrate_req",
		    FEATURE_DETAIL);
		return FEATURE_ABSENT;
	}
	snprintf(
	    detail, FEATURE_DETAIL, "net.ipv4.tcp_migrate_req = %ld", value);
	return FEATURE_PRESENT;
}

static enum feature_state
check_ports(char detail[static FEATURE_DETAIL])
{
	const char *file = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
	long first = read_number(file);

	snprintf(detail, FEATURE_DETAIL,
	    "net.ipv4.ip_unprivileged_port_start = %ld", first);
	return first == 0 || has_capability(CAPABILITY_NET_BIND)
	    ? FEATURE_PRESENT
	    : FEATURE_LIMITED;
}

static enum feature_state
check_nofile(char detail[static FEATURE_DETAIL])
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	snprintf(detail, FEATURE_DETAIL, "%llu, at most %llu",
	    (unsigned long long)limit.rlim_cur,
	    (unsigned long long)limit.rlim_max);
	/* The supervisor raises the soft limit to the hard limit. */
	return limit.rlim_max >= NOFILE ? FEATURE_PRESENT : FEATURE_LIMITED;
}

/* Descriptors of this range do not exist, so nothing is closed. */
static enum feature_state
check_close_range(char detail[static FEATURE_DETAIL])
{
	return result_of(syscall(SYS_close_range, ~0U - 1, ~0U - 1, 0), detail);
}

static enum feature_state
check_subreaper(char detail[static FEATURE_DETAIL])
{
	int value;

	return result_of(
	    prctl(PR_GET_CHILD_SUBREAPER, &value, 0, 0, 0), detail);
}

static enum feature_state
check_somaxconn(char detail[static FEATURE_DETAIL])
{
	long value = read_number("/proc/sys/net/core/somaxconn");

	snprintf(detail, FEATURE_DETAIL, "net.core.somaxconn = %ld", value);
	return value >= BACKLOG ? FEATURE_PRESENT : FEATURE_LIMITED;
}

static const struct feature table[] = {
	{ "kernel", "5.10 for the whole, 5.14 for the last details",
	    "upgrade the kernel", true, check_kernel },
	{ "reuseport steering", "choosing who gets the next connection",
	    "use a kernel with SO_ATTACH_REUSEPORT_CBPF", true,
	    check_reuseport },
	{ "socket diagnosis", "counting open connections while draining",
	    "enable CONFIG_INET_DIAG, or allow netlink in the container", true,
	    check_diagnosis },
	{ "migrating queues",
	    "--migrate-queued: a closed socket's queue goes to the next",
	    "needs Linux 5.14", false, check_migrate },
	{ "seccomp notification", "--shim seccomp: bind and listen are seen",
	    "--shim preload is used; or allow seccomp(2) in the container",
	    false, check_notify },
	{ "seccomp filter", "the filter of --shim seccomp can be installed",
	    "a container manager has one in place: --shim preload is used",
	    false, check_filter },
	{ "seccomp, uninterrupted", "signals do not restart a call that waits",
	    "needs Linux 5.19; works without", false, check_killable },
	{ "seccomp without no_new_privs",
	    "set-user-ID programs below the server go on working",
	    "run the supervisor with CAP_SYS_ADMIN; else see --shim preload",
	    false, check_privilege },
	{ "pidfd_getfd", "taking a duplicate of the program's socket",
	    "allow pidfd_getfd(2) in the container", false, check_getfd },
	{ "pidfd of threads", "threads with descriptors of their own",
	    "needs Linux 6.9; rarely matters", false, check_thread },
	{ "looking into children", "reading the address that a program binds",
	    "set kernel.yama.ptrace_scope to 1, or use --shim preload", false,
	    check_ptrace },
	{ "child subreaper", "keeping hold of programs that daemonise",
	    "allow prctl(2) in the container", true, check_subreaper },
	{ "close_range", "a program inherits what it should and no more",
	    "allow close_range(2) in the container", true, check_close_range },
	{ "privileged ports", "binding ports below the first unprivileged one",
	    "grant CAP_NET_BIND_SERVICE, or lower "
	    "net.ipv4.ip_unprivileged_port_start",
	    false, check_ports },
	{ "open files",
	    "one for each listener and generation, and the server's",
	    "raise the hard RLIMIT_NOFILE (ulimit -Hn)", false, check_nofile },
	{ "accept queues", "--backlog: what waits during a restart is kept",
	    "raise net.core.somaxconn", false, check_somaxconn },
};

const struct feature *
features_table(size_t *n)
{
	*n = sizeof(table) / sizeof(table[0]);
	return table;
}

struct shim_facts
features_shim_facts(bool library)
{
	char detail[FEATURE_DETAIL];
	struct shim_facts facts = {
		.notify = check_notify(detail) == FEATURE_PRESENT &&
		    check_filter(detail) == FEATURE_PRESENT,
		.privileged = check_privilege(detail) == FEATURE_PRESENT,
		.inspect = check_ptrace(detail) == FEATURE_PRESENT &&
		    check_getfd(detail) == FEATURE_PRESENT,
		.library = library,
	};

	return facts;
}
