/* SPDX-License-Identifier: ISC */
/*
 * Each question is put to a deputy of its own.
 */
#include "process/passage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/credentials.h"
#include "base/deputy.h"
#include "process/account.h"

struct question {
	char path[PATH_MAX];
	int mode;
	int error;
	size_t len; /* of the part of the path that the error is about */
};

/* In the deputy: try each directory of the path, then the file. */
static int
walk(void *data, int *unused)
{
	struct question *question = data;
	char *end = question->path;
	bool last;

	do {
		end = strchrnul(end + 1, '/');
		last = *end == '\0';
		*end = '\0';
		question->len = (size_t)(end - question->path);
		if (faccessat(AT_FDCWD, question->path,
			last ? question->mode : X_OK, AT_EACCESS) == -1)
			question->error = errno;
		if (!last)
			*end = '/';
	} while (!last && question->error == 0);
	return 0;
}

static int
passage_ask(const struct credentials *who, struct question *question)
{
	const struct deputy_job job = { .who = who,
		.directory = -1,
		.fd = -1,
		.act = walk,
		.data = question,
		.size = sizeof(*question) };

	return deputy_do(&job, NULL);
}

int
passage_try(const struct account *account, const char *path, int mode,
    char culprit[static PATH_MAX])
{
	struct question question = { .mode = mode };
	struct credentials who;
	int r;

	strlcpy(culprit, path, PATH_MAX);
	if (strlcpy(question.path, path, PATH_MAX) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (credentials_make(&who, account->uid, account->gid, account->groups,
		account->ngroups) == -1)
		return -1;
	r = passage_ask(&who, &question);
	credentials_fini(&who);
	if (r == -1 || question.error == 0)
		return r;
	if (question.len > 0)
		culprit[question.len] = '\0';
	errno = question.error;
	return -1;
}
