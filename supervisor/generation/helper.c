/* SPDX-License-Identifier: ISC */
/*
 * Shell commands that run beside a generation, with its environment and in the
 * program's directory.  A command with our own rights runs in the root
 * directory: a file that it names by a relative path must not be the program's.
 */
#include "generation/helper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "core/held.h"
#include "core/service.h"
#include "process/account.h"
#include "process/spawn.h"
#include "process/user_env.h"

/*
 * The databases of users may be slow, nss(5), and health checks are frequent,
 * so the databases are asked once for each rollout.
 */
static const struct account *
find_user(struct service *service, char *why, size_t size)
{
	const struct options *options = service->options;

	if (service->user != NULL)
		return service->user;
	if ((service->user = malloc(sizeof(*service->user))) == NULL)
		snprintf(why, size, "--user: %s", strerror(errno));
	else if (account_init(service->user, options->user, options->group, why,
		     size) == -1) {
		free(service->user);
		service->user = NULL;
	}
	return service->user;
}

void
helper_forget_user(struct service *service)
{
	if (service->user != NULL)
		account_fini(service->user);
	free(service->user);
	service->user = NULL;
}

/*
 * The program of a command that has our own rights, *new*, if it can be found
 * without a shell: the first word, if that is an absolute path.  NULL if it
 * cannot, or if the program has our user and could change it anyway.
 */
static char *
find_program(struct service *service, const struct helper *helper,
    const char *command, char *why, size_t size)
{
	const struct account *user = find_user(service, why, size);
	size_t len = strcspn(command, " \t\n;&|()<>\"'`$\\*?[");
	char *word, *program;

	if (user == NULL || !user->change || command[0] != '/' ||
	    strchr(" \t\n;&|)", command[len]) == NULL ||
	    (word = strndup(command, len)) == NULL)
		return NULL;
	program =
	    spawn_expand(word, service->options->name, helper->generation);
	free(word);
	return program;
}

/* The image whose directory is the command's: --check comes first. */
static const struct image *
find_image(const struct service *service, unsigned int number)
{
	const struct generation *generation;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->number == number)
			return generation->image;
	}
	return service->release.image;
}

int
helper_prepare(struct service *service, const struct helper *helper,
    struct command_spec *spec, char *why, size_t size)
{
	const struct options *options = service->options;
	const struct image *image = find_image(service, helper->generation);
	const char *command = NULL;
	bool ours = false;

	if (helper->command != NULL)
		command = options_command(helper->command, &ours);
	*spec = (struct command_spec){ .directory_fd = -1,
		.directory = ours ? "/" : options->chdir,
		.umask = ours ? -1 : options->umask,
		.no_new_privs = !ours && options->no_new_privs,
		.timeout_ms = helper->timeout_ms,
		.log_as = helper->log_as };
	/* The program's very directory, if the path leads elsewhere by now. */
	if (!ours && image != NULL && image->directory.fd != -1) {
		spec->directory_fd = image->directory.fd;
		spec->directory = NULL;
	}
	if (!ours && (spec->account = find_user(service, why, size)) == NULL)
		return -1;
	if (ours)
		spec->trusted =
		    find_program(service, helper, command, why, size);
	spec->env =
	    spawn_helper_env(spec->account, user_env_is_made(held_pid(service)),
		options->name, helper->generation, helper->pid, helper->extra);
	if (spec->env != NULL)
		return 0;
	snprintf(why, size, "its environment: %s", strerror(errno));
	helper_release(spec);
	return -1;
}

void
helper_release(struct command_spec *spec)
{
	spawn_env_free((char **)spec->env);
	free((char *)spec->trusted);
	spec->env = NULL;
	spec->trusted = NULL;
}

int
helper_start(struct service *service, const struct helper *helper,
    command_done *done, void *arg, struct command **command, char *why,
    size_t size)
{
	const struct options *options = service->options;
	struct command_spec spec;
	bool ours;
	char *text;

	*command = NULL;
	if (helper_prepare(service, helper, &spec, why, size) == -1)
		return -1;
	text = spawn_expand(options_command(helper->command, &ours),
	    options->name, helper->generation);
	if (text != NULL) {
		spec.argv =
		    (const char *const[]){ "/bin/sh", "-c", text, NULL };
		*command = command_start(service->base, &spec, done, arg);
	}
	if (*command == NULL)
		snprintf(why, size, "/bin/sh: %s", strerror(errno));
	free(text);
	helper_release(&spec);
	return *command != NULL ? 0 : -1;
}
