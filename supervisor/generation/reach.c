/* SPDX-License-Identifier: ISC */
/*
 * Lets programs of other users through to their sockets, and reports which
 * directory does not let them through.
 */
#include "generation/reach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "core/service.h"
#include "process/account.h"
#include "process/passage.h"

/* False if the user is ours; else release account with account_fini. */
static bool
find_other(const struct generation *generation, struct account *account)
{
	const struct image *image = generation->image;
	char why[256];

	/* An unknown name is reported when the program is started. */
	if (account_init(
		account, image->user, image->group, why, sizeof(why)) == -1)
		return false;
	if (account->change && geteuid() == 0)
		return true;
	account_fini(account);
	return false;
}

void
reach_open(const struct generation *generation)
{
	const char *runtime = generation->service->runtime;
	struct account account;

	if (!find_other(generation, &account))
		return;
	account_fini(&account);
	if (paths_let_through(runtime) == -1)
		log_warn("runtime directory %s: cannot let %s through: %s",
		    runtime, generation->image->user, strerror(errno));
}

int
reach_try(const struct generation *generation, const char *what,
    const char *path, int mode, char *why, size_t size)
{
	const struct image *image = generation->image;
	const char *user = image->user != NULL ? image->user : image->group;
	char culprit[PATH_MAX];
	struct account account;
	int r, error;

	if (!find_other(generation, &account))
		return 0;
	r = passage_try(&account, path, mode, culprit);
	error = errno;
	account_fini(&account);
	if (r == 0)
		return 0;
	snprintf(why, size,
	    "%s %s: %s %s cannot get to it: %s: %s; `chmod o+x` lets the user "
	    "through a directory, HOTSWAP_RUNTIME_DIR names another directory "
	    "for sockets",
	    what, path, image->user != NULL ? "user" : "group", user, culprit,
	    strerror(error));
	errno = error;
	return -1;
}

int
reach_notify(const struct generation *generation, char *why, size_t size)
{
	const struct options *options = generation->service->options;
	const char *path = program_notify_path(generation->program);

	/* An abstract address is in no directory. */
	if (path[0] != '/' ||
	    reach_try(generation, "the notification socket", path, W_OK, why,
		size) == 0)
		return 0;
	if (options->ready.kind == READY_NOTIFY || options->watchdog_ms > 0)
		return -1;
	log_warn("generation %u: %s; messages of its program by sd_notify(3) "
		 "do not arrive",
	    generation->number, why);
	return 0;
}
