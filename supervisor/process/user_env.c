/* SPDX-License-Identifier: ISC */
/*
 * The variables that a user other than ours gets.  Root's shell has tokens,
 * agents and paths in its environment that nobody else may read.
 */
#include "process/user_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strings.h"
#include "process/account.h"

/* A name that ends in _ stands for all names that begin with it. */
static const char *const harmless[] = { "PATH", "LANG", "LANGUAGE", "LC_", "TZ",
	"HOTSWAP_RUNTIME_DIR", "HOTSWAP_STATE_DIR", NULL };

static const char *const of_users[] = { "HOME", "USER", "LOGNAME", "SHELL",
	NULL };

#define NUSER (sizeof(of_users) / sizeof(of_users[0]) - 1)

static bool
is_among(const char *const *names, const char *variable)
{
	size_t len;

	for (; *names != NULL; names++) {
		len = strlen(*names);
		if (strncmp(variable, *names, len) == 0 &&
		    (variable[len] == '=' || (*names)[len - 1] == '_'))
			return true;
	}
	return false;
}

/* A user who is in no database has none of these variables. */
static int
add_users_own(char **list, size_t n, const struct account *account)
{
	const char *const values[NUSER] = { account->home, account->name,
		account->name, account->shell };
	size_t i;

	for (i = 0; i < NUSER; i++) {
		if (values[i] == NULL)
			continue;
		if (asprintf(&list[n], "%s=%s", of_users[i], values[i]) == -1) {
			list[n] = NULL;
			errno = ENOMEM;
			return -1;
		}
		n++;
	}
	return 0;
}

char **
user_env(const struct account *account, char *const *base, bool all)
{
	char **list;
	size_t n = 0;

	if (account == NULL || account->uid == geteuid())
		return strings_copy(base);
	list = calloc(strings_count(base) + NUSER + 1, sizeof(*list));
	if (list == NULL)
		return NULL;
	for (; *base != NULL; base++) {
		if (is_among(of_users, *base) ||
		    (!all && !is_among(harmless, *base)))
			continue;
		if ((list[n++] = strdup(*base)) == NULL)
			goto fail;
	}
	if (add_users_own(list, n, account) == 0)
		return list;
fail:
	strings_free(list);
	errno = ENOMEM;
	return NULL;
}

bool
user_env_is_made(int pid)
{
	return pid == 1 || getenv("INVOCATION_ID") != NULL;
}
