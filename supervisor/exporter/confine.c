/* SPDX-License-Identifier: ISC */
/*
 * What the exporter gives up before it reads a byte from the network.
 */
#include "exporter/confine.h"

#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

/* For an ordinary user the limit is that of all processes of the user. */
static int
become_nobody(void)
{
	const struct rlimit none = { 0, 0 };

	if (setgroups(0, NULL) == -1 ||
	    setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
	    setresuid(NOBODY, NOBODY, NOBODY) == -1)
		return -1;
	return setrlimit(RLIMIT_NPROC, &none);
}

static int
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	return (int)syscall(SYS_capset, &header, none);
}

int
confine_exporter(void)
{
	if (geteuid() == 0 && become_nobody() == -1)
		return -1;
	if (drop_capabilities() == -1)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
