/* SPDX-License-Identifier: ISC */
/*
 * From the words of a request to a user, its groups and no capability.
 */
#include "probe/rights.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/confine.h"

/* The next number of the text; -1 if there is none, -2 if it is no ID. */
static long
next_id(char **text)
{
	char *word, *end;
	unsigned long id;

	if ((word = strsep(text, " ")) == NULL)
		return -1;
	errno = 0;
	id = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end != '\0' || errno != 0 ||
	    id >= UINT_MAX)
		return -2;
	return (long)id;
}

/* *new*; NULL with errno. */
static gid_t *
read_groups(char *text, size_t *n)
{
	gid_t *groups =
	    calloc(text != NULL ? strlen(text) + 1 : 1, sizeof(*groups));
	long id;

	*n = 0;
	while (groups != NULL && (id = next_id(&text)) != -1) {
		if (id < 0) {
			free(groups);
			errno = EINVAL;
			return NULL;
		}
		groups[(*n)++] = (gid_t)id;
	}
	return groups;
}

int
rights_become(char *text)
{
	gid_t *groups;
	long uid, gid;
	size_t n;
	int r;

	if (text[0] == '\0')
		return 0;
	uid = next_id(&text);
	gid = next_id(&text);
	if (uid < 0 || gid < 0) {
		errno = EINVAL;
		return -1;
	}
	if ((groups = read_groups(text, &n)) == NULL)
		return -1;
	r = setgroups(n, groups) == -1 ||
		setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) == -1 ||
		setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) == -1 ||
		(uid != 0 && confine_capabilities() == -1)
	    ? -1
	    : 0;
	free(groups);
	return r;
}
