/* SPDX-License-Identifier: ISC */
/*
 * Shell commands that run beside a generation, with its environment and in
 * the program's directory.
 */
#include "service/helper.h"

#include <stdlib.h>

#include "process/spawn.h"
#include "service/service.h"

struct command *
helper_start(struct service *service, const struct helper *helper,
    command_done *done, void *arg)
{
	const struct options *options = service->options;
	char *text, **env;
	struct command *command = NULL;

	text = spawn_expand(helper->command, options->name, helper->generation);
	env = spawn_helper_env(
	    options->name, helper->generation, helper->pid, helper->extra);
	if (text != NULL && env != NULL)
		command = command_start(service->base,
		    (const char *const[]){ "/bin/sh", "-c", text, NULL }, env,
		    options->chdir, helper->timeout_ms, helper->log_as, done,
		    arg);
	spawn_env_free(env);
	free(text);
	return command;
}
