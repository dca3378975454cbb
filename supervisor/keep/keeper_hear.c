/* SPDX-License-Identifier: ISC */
/*
 * How the keeper handles one message of the supervisor.
 */
#include <string.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "keep/fdset.h"
#include "keep/keeper.h"
#include "keep/keeper_parts.h"
#include "keep/upward.h"

static void
pass_upward(const char *text)
{
	int sock = upward_open();

	if (sock != -1)
		fd_send(sock, text, strlen(text), NULL, 0);
	fd_close(&sock);
}

void
keeper_hear(struct keeper *keeper, char *text, int *fds, size_t n)
{
	bool store = false, removes = false, ready = false;
	const char *name = "stored";
	char *line;
	size_t i;

	if (strncmp(text, KEEPER_UPWARD, strlen(KEEPER_UPWARD)) == 0) {
		pass_upward(text + strlen(KEEPER_UPWARD));
		text = NULL;
	}
	while ((line = strsep(&text, "\n")) != NULL) {
		store |= strcmp(line, "FDSTORE=1") == 0;
		removes |= strcmp(line, "FDSTOREREMOVE=1") == 0;
		ready |= strcmp(line, "READY=1") == 0;
		keeper->legacy.stopping |= strcmp(line, "STOPPING=1") == 0;
		if (strcmp(line, "X_REEXEC=1") == 0)
			keeper_begin_trial(keeper);
		if (strncmp(line, "FDNAME=", strlen("FDNAME=")) == 0)
			name = line + strlen("FDNAME=");
	}
	if (removes)
		fdset_remove(&keeper->fdset, name);
	for (i = 0; i < n; i++)
		if (!store || fdset_put(&keeper->fdset, name, fds[i]) == -1)
			foreign_close(&fds[i]);
	if (!ready)
		return;
	keeper->legacy.ready = keeper->came_up = true;
	keeper->failures = 0;
	keeper->setback[0] = '\0';
	if (keeper->previous != -1)
		keeper_pass_trial(keeper);
	keeper_pass_signals(keeper);
}
