/* SPDX-License-Identifier: ISC */
/*
 * The program that is examined answers with its last line; any other behaviour
 * means no.
 */
#include "service/examined.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/version.h"
#include "control/examine.h"
#include "core/service.h"
#include "service/recovery.h"
#include "service/run.h"

#define WHY_MAX 1024

int
examined_main(const char *path)
{
	struct service service = { 0 };
	char why[WHY_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	/* The service manager must not take this process for the supervisor. */
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_PID");
	if (fd == -1 || run_prepare(&service) == -1)
		snprintf(why, sizeof(why), "%s: %s", path, strerror(errno));
	else if (recovery_examine(&service, fd, why, sizeof(why)) == 0) {
		printf(EXAMINE_ANSWER "%s\n", version_text);
		return STATUS_OK;
	}
	printf("hotswap %s: the checkpoint cannot be used: %s\n", version_text,
	    why);
	return STATUS_FAILED;
}
