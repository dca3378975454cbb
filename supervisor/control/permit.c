/* SPDX-License-Identifier: ISC */
/*
 * Permission by what a call asks for.  The control socket decides who may
 * connect at all.
 */
#include "control/permit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/options.h"
#include "control/call.h"
#include "core/service.h"

static const int requests[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH };

bool
permit_owner(struct call *call, const char *what)
{
	const char *group = call_service(call)->options->control_group;
	char message[512];

	if (call_is_owner(call))
		return true;
	snprintf(message, sizeof(message),
	    "a member of --control-group %s may not %s: only root and the "
	    "supervisor's own user, %u, may",
	    group != NULL ? group : "", what, geteuid());
	call_fail(call, "NotPermitted", message);
	return false;
}

static bool
is_given(const struct call *call, const char *parameter)
{
	const json_t *value = json_object_get(call_parameters(call), parameter);

	return value != NULL && !json_is_null(value);
}

bool
permit_upgrade(struct call *call)
{
	const json_t *options =
	    json_object_get(call_parameters(call), "options");
	const char *key = options_owners(options);
	char what[128];

	if (is_given(call, "arguments") || is_given(call, "exe"))
		return permit_owner(call, "name a program or its arguments");
	if (key == NULL)
		return true;
	snprintf(
	    what, sizeof(what), "set the option \"%.64s\" by an upgrade", key);
	return permit_owner(call, what);
}

bool
permit_signal(struct call *call, int signal)
{
	const char *name = sigabbrev_np(signal);
	char what[64];
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (signal == requests[i])
			return true;
	snprintf(what, sizeof(what), "send SIG%s", name != NULL ? name : "RT");
	return permit_owner(call, what);
}
