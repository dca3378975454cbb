/* SPDX-License-Identifier: ISC */
/*
 * The prober's rights and limits.
 */
#include "probe/confine.h"

#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/lifetime.h"

#define NOBODY	    65534 /* also the kernel's ID for unmapped users */
#define DESCRIPTORS 32	  /* and two for each connection of a warm-up */
#define MEMORY	    (512UL << 20)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
/*
 * AddressSanitizer would start a thread to look for leaks; it also reserves
 * terabytes, so that RLIMIT_AS cannot be set.
 */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* False if nobody is not mapped, user_namespaces(7), or not permitted. */
static bool
become_nobody(void)
{
	return setgroups(0, NULL) == 0 &&
	    setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	    setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

int
confine_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	return (int)syscall(SYS_capset, &header, none);
}

static void
limit(int resource, rlim_t most)
{
	struct rlimit old, new = { most, most };

	if (getrlimit(resource, &old) == 0 && old.rlim_max < most)
		new.rlim_cur = new.rlim_max = old.rlim_max;
	setrlimit(resource, &new);
}

/* The output of a check by hand may go to a file, which must be writable. */
static bool
speaks_to_a_file(void)
{
	struct stat out, err;

	return (fstat(STDOUT_FILENO, &out) == 0 && S_ISREG(out.st_mode)) ||
	    (fstat(STDERR_FILENO, &err) == 0 && S_ISREG(err.st_mode));
}

static void
set_limits(long timeout_ms, unsigned int connections)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, timeout_ms / 1000 + 2);
	limit(RLIMIT_NOFILE, DESCRIPTORS + 2 * connections);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_MEMLOCK, 0);
	limit(RLIMIT_MSGQUEUE, 0);
#ifndef SANITIZED
	limit(RLIMIT_AS, MEMORY);
#endif
	if (!speaks_to_a_file())
		limit(RLIMIT_FSIZE, 0);
}

int
confine_rights(long timeout_ms, unsigned int connections)
{
	pid_t parent = getppid();
	int signal = 0;

	if (prctl(PR_GET_PDEATHSIG, &signal) == -1)
		return -1;
	if (geteuid() == 0)
		become_nobody();
	/* prctl(2): a change of the user resets it. */
	if (signal != 0 && lifetime_bind(parent, signal) == -1)
		return -1;
	if (confine_capabilities() == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	set_limits(timeout_ms, connections);
	return 0;
}

void
confine_to(enum confine_stage stage)
{
	confine_files(stage);
	confine_calls(stage);
}
