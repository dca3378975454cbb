/* SPDX-License-Identifier: ISC */
#include "fleet/release.h"

#include <errno.h>
#include <sha256.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fleet/names.h"

#define MARK "{release}"

extern char **environ;

static pid_t fetching; /* 0: nothing is being brought */

void
release_expand(const char *text, const char *release, char *buf, size_t size)
{
	const char *mark;
	size_t n = 0;

	buf[0] = '\0';
	while (n < size && (mark = strstr(text, MARK)) != NULL) {
		n += (size_t)snprintf(buf + n, size - n, "%.*s%s",
		    (int)(mark - text), text, release);
		text = mark + strlen(MARK);
	}
	if (n < size)
		strlcpy(buf + n, text, size - n);
}

int
release_fetch(const char *command, const char *release, char *why, size_t size)
{
	char line[4096];
	char *arguments[] = { (char *)"sh", (char *)"-c", line, NULL };
	int error;

	release_expand(command, release, line, sizeof(line));
	error =
	    posix_spawn(&fetching, "/bin/sh", NULL, NULL, arguments, environ);
	if (error == 0)
		return 0;
	fetching = 0;
	snprintf(why, size, "--fetch: %s", strerror(error));
	return -1;
}

int
release_fetched(char *why, size_t size)
{
	int status;
	pid_t pid;

	if (fetching == 0)
		return 1;
	pid = waitpid(fetching, &status, WNOHANG);
	if (pid == 0 || (pid == -1 && errno == EINTR))
		return 0;
	fetching = 0;
	if (pid == -1)
		snprintf(why, size, "--fetch: %s", strerror(errno));
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 1;
	else if (WIFEXITED(status))
		snprintf(
		    why, size, "--fetch: exit status %d", WEXITSTATUS(status));
	else
		snprintf(why, size, "--fetch: killed by signal %d",
		    WTERMSIG(status));
	return -1;
}

int
release_check(const char *exe, const char *sha256, char *why, size_t size)
{
	char found[SHA256_DIGEST_STRING_LENGTH];

	if (access(exe, X_OK) == -1) {
		snprintf(why, size, "%s: %s", exe, strerror(errno));
		return -1;
	}
	if (sha256[0] == '\0')
		return 0;
	if (SHA256File(exe, found) == NULL) {
		snprintf(why, size, "%s: %s", exe, strerror(errno));
		return -1;
	}
	if (strcasecmp(found, sha256) == 0)
		return 0;
	snprintf(why, size, "%s: its sha256 is %.12s and not %.12s", exe, found,
	    sha256);
	return -1;
}

/* The directory of the release: exe up to the component with the mark. */
static void
directory_of(const char *exe, const char *release, char *buf, size_t size)
{
	const char *mark = strstr(exe, MARK);
	const char *end = mark != NULL ? strchr(mark, '/') : NULL;
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%.*s",
	    end != NULL ? (int)(end - exe) : (int)strlen(exe), exe);
	release_expand(part, release, buf, size);
}

int
release_link(const char *link, const char *exe, const char *release, char *why,
    size_t size)
{
	char target[PATH_MAX], aside[PATH_MAX];

	directory_of(exe, release, target, sizeof(target));
	snprintf(aside, sizeof(aside), "%s.%d", link, (int)getpid());
	unlink(aside);
	if (symlink(target, aside) == 0 && rename(aside, link) == 0)
		return 0;
	snprintf(why, size, "--link %s: %s", link, strerror(errno));
	unlink(aside);
	return -1;
}

char *
release_of_link(const char *link, const char *exe)
{
	char target[PATH_MAX], expected[PATH_MAX];
	const char *mark = strstr(exe, MARK);
	char *name;
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	size_t before;

	if (n == -1 || mark == NULL)
		return NULL;
	target[n] = '\0';
	before = (size_t)(mark - exe);
	if ((size_t)n <= before || strncmp(target, exe, before) != 0)
		return NULL;
	/* What follows the name in its component is cut off. */
	name = strdup(target + before);
	if (name != NULL && strchr(name, '/') != NULL)
		*strchr(name, '/') = '\0';
	if (name == NULL || !names_is_valid(name)) {
		free(name);
		return NULL;
	}
	directory_of(exe, name, expected, sizeof(expected));
	if (strcmp(expected, target) == 0)
		return name;
	free(name);
	return NULL;
}
