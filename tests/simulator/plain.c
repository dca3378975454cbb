/* SPDX-License-Identifier: ISC */
/*
 * What of the floor is not simulated: log, paths, rights, signals.  Each
 * function is as on a machine where nothing of that kind goes wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bpf_batch.h"
#include "base/closer.h"
#include "base/credentials.h"
#include "base/deputy.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/impatience.h"
#include "base/kernel_fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/partner.h"
#include "base/paths.h"
#include "base/status.h"
#include "base/trust.h"
#include "control/signals.h"
#include "service/name_lock.h"
#include "service/runtime_files.h"
#include "world.h"

/* PROCESSES */

/* What starts a real process would run the whole simulation in it again. */
pid_t
fork(void)
{
	fprintf(stderr, "the code under simulation calls fork(2)\n");
	abort();
}

int
clone(int (*function)(void *), void *stack, int flags, void *arg, ...)
{
	fprintf(stderr, "the code under simulation calls clone(2)\n");
	abort();
}

void
partner_start(void)
{
}

int
partner_end(void)
{
	return 0;
}

bool
partner_is(pid_t pid)
{
	return false;
}

bool
partner_reaped(pid_t pid)
{
	return false;
}

/* LOG */

static void
say(const char *level, const char *fmt, va_list args)
{
	char line[1024];

	if (!W->trace)
		return;
	vsnprintf(line, sizeof(line), fmt, args);
	trace("%s: %s", level, line);
}

#define LOGS(name, level)               \
	void name(const char *fmt, ...) \
	{                               \
		va_list args;           \
                                        \
		va_start(args, fmt);    \
		say(level, fmt, args);  \
		va_end(args);           \
	}

LOGS(log_debug, "debug")
LOGS(log_info, "info")
LOGS(log_warn, "warning")
LOGS(log_error, "error")

void
log_open(const char *service, enum log_format format)
{
}

enum log_format
log_format(void)
{
	return LOG_TEXT;
}

void
log_bound(uint64_t max)
{
}

void
log_reopen(void)
{
}

/* TIME, CHANCE, IDENTITY */

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int64_t us =
	    W->now_us + (clock == CLOCK_REALTIME ? 1767225600000000 : 0);

	now->tv_sec = us / 1000000;
	now->tv_nsec = us % 1000000 * 1000;
	return 0;
}

uint32_t
arc4random(void)
{
	return draw(UINT32_MAX);
}

void
arc4random_buf(void *buf, size_t len)
{
	unsigned char *bytes = buf;

	while (len > 0)
		bytes[--len] = (unsigned char)draw(256);
}

pid_t
getpid(void)
{
	return W->programs.supervisor_pid;
}

pid_t
getppid(void)
{
	return KEEPER_PID;
}

uid_t
geteuid(void)
{
	return 0;
}

gid_t
getegid(void)
{
	return 0;
}

int
prctl(int option, ...)
{
	return 0;
}

mode_t
umask(mode_t mask)
{
	return 022;
}

void
limits_raise(void)
{
}

int
limits_of_child(struct rlimit *limit)
{
	return -1;
}

bool
kernel_fault_reuseport(char running[static KERNEL_VERSION_TEXT],
    char fixed[static KERNEL_VERSION_TEXT])
{
	return false;
}

bool
kernel_fault_in(const char *version, char fixed[static KERNEL_VERSION_TEXT])
{
	return false;
}

bool
kernel_fault_migrate(void)
{
	return false;
}

void
bpf_batch_freed(void)
{
}

/* PATHS */

int
paths_runtime(char buf[static PATH_MAX], bool create)
{
	strlcpy(buf, "/run", PATH_MAX);
	return 0;
}

int
paths_state(const char *name, char buf[static PATH_MAX], bool create)
{
	strlcpy(buf, "/state", PATH_MAX);
	return 0;
}

int
paths_control(const char *name, char buf[static PATH_MAX])
{
	strlcpy(buf, "/run/web.sock", PATH_MAX);
	return 0;
}

int
paths_let_through(const char *path)
{
	return 0;
}

int
paths_bind(int sock, const char *path)
{
	return 0;
}

int
paths_connect(int sock, const char *path)
{
	errno = ECONNREFUSED;
	return -1;
}

/* The store of images has no copies. */
DIR *
opendir(const char *path)
{
	errno = ENOENT;
	return NULL;
}

/* RIGHTS: everybody is root. */

int
credentials_of(pid_t tid, struct credentials *who)
{
	return credentials_own(who);
}

int
credentials_own(struct credentials *who)
{
	*who = (struct credentials){ 0 };
	return 0;
}

int
credentials_make(struct credentials *who, uid_t uid, gid_t gid,
    const gid_t *groups, size_t n)
{
	*who = (struct credentials){ .uid = uid, .gid = gid };
	return 0;
}

int
credentials_copy(struct credentials *to, const struct credentials *from)
{
	*to = *from;
	return 0;
}

void
credentials_fini(struct credentials *who)
{
}

bool
credentials_can(const struct credentials *who, unsigned int capability)
{
	return true;
}

int
credentials_take_on(const struct credentials *who)
{
	return 0;
}

json_t *
credentials_save(const struct credentials *who)
{
	return json_object();
}

int
credentials_restore(struct credentials *who, const json_t *saved)
{
	return credentials_own(who);
}

int
trust_path(const struct trust *trust, const char *path, char *why, size_t size)
{
	return 0;
}

int
trust_program(
    const struct trust *trust, const char *path, char *why, size_t size)
{
	return 0;
}

/* No program chooses a path, so there is no deputy. */
int
deputy_do(const struct deputy_job *job, int *fd)
{
	errno = ENOSYS;
	return -1;
}

bool
deputy_is(pid_t pid)
{
	return false;
}

bool
deputy_reaped(pid_t pid)
{
	return false;
}

bool
foreign_is_socket(int fd)
{
	return true;
}

bool
foreign_is_local(int fd)
{
	return true;
}

bool
foreign_may_poll(int fd)
{
	return true;
}

void
foreign_close(int *fd)
{
	fd_close(fd);
}

void
impatience_begin(void)
{
}

void
impatience_end(void)
{
}

/* The kernel does not tell: a time passes, traffic/grace.h. */
int
closer_grace(void)
{
	return -1;
}

bool
foreign_is_closer(pid_t pid)
{
	return false;
}

bool
foreign_reaped(pid_t pid)
{
	return false;
}

/* SIGNALS to the supervisor, and files that nobody removes */

struct signals *
signals_new(struct service *service)
{
	return calloc(1, 1);
}

void
signals_free(struct signals *signals)
{
	free(signals);
}

void
signals_hand_on(pid_t pid)
{
}

int
name_lock_take(struct service *service, int *lock, char *why, size_t size)
{
	return STATUS_OK;
}

int
name_lock_renew(struct service *service, int *lock)
{
	return 0;
}

struct runtime_files *
runtime_files_new(struct service *service, int *lock)
{
	return calloc(1, 1);
}

void
runtime_files_free(struct runtime_files *files)
{
	free(files);
}
