/* SPDX-License-Identifier: ISC */
/*
 * Marks, and looking at a process in /proc.
 */
#include "process/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define STATUS_MAX  16384	 /* bytes of /proc/PID/status */
#define ENVIRON_MAX (4096 * 512) /* ARG_MAX, execve(2) */

void
origin_make(struct origin *origin)
{
	unsigned char bytes[(ORIGIN_MARK - 1) / 2];
	size_t i;

	arc4random_buf(bytes, sizeof(bytes));
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(origin->mark + 2 * i, 3, "%02x", bytes[i]);
}

bool
origin_is_mark(const char *text)
{
	return strlen(text) == ORIGIN_MARK - 1 &&
	    strspn(text, "0123456789abcdef") == ORIGIN_MARK - 1;
}

const char *
origin_find(const char *text, size_t len, const char *beginning)
{
	const char *end = text + len;

	for (; text < end; text += strlen(text) + 1)
		if (strncmp(text, beginning, strlen(beginning)) == 0)
			return text + strlen(beginning);
	return NULL;
}

/*
 * The owner of its files in /proc proves nothing: it is root for a process that
 * is not dumpable.  The effective user alone proves nothing either: a
 * set-user-ID program has it from its file, and everything else from its
 * caller.
 */
static bool
has_users(pid_t pid, uid_t uid)
{
	unsigned int users[3];
	char path[32], *text, *line;
	const uid_t own = geteuid();
	bool has = false;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if ((text = fd_read_file(path, STATUS_MAX, NULL)) == NULL)
		return false;
	line = strstr(text, "\nUid:");
	if (line != NULL &&
	    sscanf(line, "\nUid: %u %u %u", &users[0], &users[1], &users[2]) ==
		3)
		for (has = true, i = 0; i < 3; i++)
			has &= users[i] == own || users[i] == uid;
	free(text);
	return has;
}

char *
origin_read(const struct origin *origin, pid_t pid, bool ours, size_t *len)
{
	bool marked = origin->mark[0] != '\0';
	bool anybody = marked && (ours || origin->uid == 0);
	char path[32], *text;
	const char *mark;

	if (!anybody && !has_users(pid, origin->uid))
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if ((text = fd_read_file(path, ENVIRON_MAX, len)) == NULL)
		return NULL;
	mark = origin_find(text, *len, ORIGIN_VARIABLE "=");
	if ((!marked || (mark != NULL && strcmp(mark, origin->mark) == 0)) &&
	    origin_find(text, *len, "HOTSWAP_ROLE=helper") == NULL)
		return text;
	free(text);
	return NULL;
}
