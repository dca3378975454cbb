/* SPDX-License-Identifier: ISC */
/*
 * Marks, and whether a process has one.
 */
#include "process/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"

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
	const uid_t own = geteuid();
	const char *line;
	bool has = false;
	char *text;
	size_t i;

	if ((text = proc_status(pid)) == NULL)
		return false;
	line = proc_line(text, "Uid:");
	if (line != NULL &&
	    sscanf(line, "%u %u %u", &users[0], &users[1], &users[2]) == 3)
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
	const char *mark;
	char *text;

	if (!anybody && !has_users(pid, origin->uid))
		return NULL;
	if ((text = proc_environment(pid, len)) == NULL)
		return NULL;
	mark = proc_variable(text, *len, ORIGIN_VARIABLE "=");
	if ((!marked || (mark != NULL && strcmp(mark, origin->mark) == 0)) &&
	    proc_variable(text, *len, "HOTSWAP_ROLE=helper") == NULL)
		return text;
	free(text);
	return NULL;
}
