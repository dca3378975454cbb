/* SPDX-License-Identifier: ISC */
/*
 * Which services this user has: the sockets in the runtime directory.
 */
#include "cli/services.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "base/strings.h"
#include "cli/tell.h"

#define SUFFIX ".sock"

/* NAME.sock */
static int
is_socket(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > strlen(SUFFIX) && entry->d_name[0] != '.' &&
	    strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0;
}

char **
services_names(void)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX], **names;
	size_t length;
	int i, n;

	if (paths_runtime(path, false) == -1)
		return NULL;
	if ((n = scandir(path, &entries, is_socket, alphasort)) == -1) {
		if (errno != ENOENT)
			return NULL;
		n = 0;
	}
	names = calloc(n + 1, sizeof(*names));
	for (i = 0; i < n; i++) {
		length = strlen(entries[i]->d_name) - strlen(SUFFIX);
		if (names != NULL)
			names[i] = strndup(entries[i]->d_name, length);
		free(entries[i]);
	}
	free(entries);
	return names;
}

/* All names are listed: in an emergency `web, api and 3 more` is of no use. */
static int
tell_choice(char *const *names, size_t n)
{
	char *text = NULL;
	size_t i, size;
	FILE *out;

	if ((out = open_memstream(&text, &size)) == NULL)
		return STATUS_SOFTWARE;
	for (i = 0; i < n; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", names[i]);
	fclose(out);
	tell(STATUS_USAGE, "more than one service runs: name one of them (%s)",
	    text);
	free(text);
	return STATUS_USAGE;
}

int
services_tell_unreadable(int error)
{
	char path[PATH_MAX] = "";

	if (error == EPERM) {
		/* From paths_runtime: it cannot be trusted. */
		return tell(STATUS_NOPERM,
		    "the runtime directory cannot be trusted: it is a symbolic "
		    "link, belongs to another user, or others may write to it "
		    "(HOTSWAP_RUNTIME_DIR names another)");
	}
	paths_runtime(path, false);
	return tell(error == EACCES ? STATUS_NOPERM : STATUS_SOFTWARE,
	    "cannot look for services in %s: %s", path, strerror(error));
}

int
services_only(services_runs *runs, char **name)
{
	char **names = services_names(), path[PATH_MAX] = "";
	size_t i, n = 0;
	int status;

	if (names == NULL)
		return services_tell_unreadable(errno);
	/* Move the names of live services to the front. */
	for (i = 0; names[i] != NULL; i++) {
		if (!runs(names[i]))
			continue;
		*name = names[i];
		names[i] = names[n];
		names[n++] = *name;
	}
	if (n == 1) {
		*name = strdup(names[0]);
		status = *name != NULL ? STATUS_OK : STATUS_SOFTWARE;
	} else if (n == 0) {
		paths_runtime(path, false);
		status = tell(STATUS_UNAVAILABLE,
		    "no supervisor of this user runs (none answers in %s)",
		    path);
	} else
		status = tell_choice(names, n);
	strings_free(names);
	return status;
}
