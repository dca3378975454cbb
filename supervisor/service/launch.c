/* SPDX-License-Identifier: ISC */
/*
 * The launch of a service: its first checkpoint has only what the command line
 * asks for, so that the first start is a start like any other.
 */
#include "service/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"
#include "core/report.h"
#include "core/service.h"
#include "keep/checkpoint.h"
#include "keep/fdset.h"
#include "keep/keeper.h"
#include "keep/store.h"
#include "keep/systemd_store.h"
#include "service/account.h"
#include "service/run.h"

/* Put the sockets of a .socket unit into items; their number. */
static size_t
list_passed(const struct fdset *passed, struct keeper_item *items)
{
	size_t i;

	for (i = 0; i < passed->n; i++)
		items[i] = (struct keeper_item){ passed->items[i].name,
			passed->items[i].fd };
	return passed->n;
}

/* Is path the file that this process executes? */
static bool
is_ourselves(const char *path)
{
	struct stat ours, st;

	return stat("/proc/self/exe", &ours) == 0 && stat(path, &st) == 0 &&
	    ours.st_dev == st.st_dev && ours.st_ino == st.st_ino;
}

/*
 * The path of hotswap as it was called, so that links are followed anew each
 * time.
 */
static void
find_ourselves(char path[static PATH_MAX])
{
	const char *name = program_invocation_name, *list = getenv("PATH");
	char here[PATH_MAX];
	ssize_t n;

	if (name[0] == '/')
		strlcpy(path, name, PATH_MAX);
	else if (strchr(name, '/') != NULL)
		snprintf(path, PATH_MAX, "%s/%s",
		    getcwd(here, sizeof(here)) != NULL ? here : "", name);
	else
		for (path[0] = '\0'; list != NULL && !is_ourselves(path);
		     list += list[0] == ':') {
			n = (ssize_t)strcspn(list, ":");
			snprintf(path, PATH_MAX, "%.*s/%s", (int)n, list, name);
			if ((list += n)[0] == '\0')
				break;
		}
	if (is_ourselves(path))
		return;
	n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
}

static int
become_keeper(const char *name, json_t *first, int report_fd)
{
	struct checkpoint checkpoint;
	struct fdset passed = { 0 };
	struct keeper_item *items = NULL;
	size_t n = 0;
	int exe, status;

	exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (exe == -1 || checkpoint_init(&checkpoint) == -1 ||
	    checkpoint_save(&checkpoint, first) == -1 ||
	    fdset_receive(&passed) == -1 ||
	    systemd_store_name_passed(&passed) == -1 ||
	    (items = calloc(passed.n + CHECKPOINT_FILES + 2, sizeof(*items))) ==
		NULL) {
		log_error("cannot begin: %s", strerror(errno));
		return STATUS_SOFTWARE;
	}
	for (; n < CHECKPOINT_FILES; n++)
		items[n] = (struct keeper_item){ checkpoint_names[n],
			checkpoint.fds[n] };
	items[n++] = (struct keeper_item){ KEEPER_PROGRAM, exe };
	if (report_fd != -1)
		items[n++] = (struct keeper_item){ REPORT_HELD, report_fd };
	n += list_passed(&passed, items + n);
	status = keeper_run(name, items, n);
	if (status == -1) {
		log_error("cannot start the supervisor: %s", strerror(errno));
		status = STATUS_SOFTWARE;
	}
	free(items);
	free(passed.items); /* the keeper has closed the descriptors */
	return status;
}

int
launch(const struct options *options, char *const *program, int report_fd)
{
	char path[PATH_MAX];
	json_t *first;
	int status = STATUS_SOFTWARE;

	log_open(options->name, options->log_format);
	find_ourselves(path);
	first = account_first(options, program, path);
	if (first == NULL)
		log_error("%s", strerror(ENOMEM));
	else if (report_fd == -1 && store_is_offered())
		status = run_service(first);
	else
		status = become_keeper(options->name, first, report_fd);
	json_decref(first);
	return status;
}
