/* SPDX-License-Identifier: ISC */
/*
 * One child for each question.  It makes a few system calls and ends; what it
 * has found comes through a pipe.
 */
#include "process/passage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/account.h"
#include "process/child.h"

struct answer {
	int error;
	size_t len; /* of the part of the path that it is about */
};

static int
become(const struct account *account)
{
	return setgroups(account->ngroups, account->groups) == -1 ||
		setresgid(account->gid, account->gid, account->gid) == -1 ||
		setresuid(account->uid, account->uid, account->uid) == -1
	    ? -1
	    : 0;
}

/* Each directory on the way, then the file; path is cut and mended. */
static void
walk(struct answer *answer, char *path, int mode)
{
	char *end = path;
	bool last;

	do {
		end = strchrnul(end + 1, '/');
		last = *end == '\0';
		*end = '\0';
		answer->len = end - path;
		if (faccessat(AT_FDCWD, path, last ? mode : X_OK, AT_EACCESS) ==
		    -1)
			answer->error = errno;
		if (!last)
			*end = '/';
	} while (!last && answer->error == 0);
}

static _Noreturn void
ask(const struct account *account, char *path, int mode, int fd)
{
	struct answer answer = { 0 };

	if (become(account) == -1)
		answer.error = errno;
	else
		walk(&answer, path, mode);
	fd_write_all(fd, &answer, sizeof(answer));
	_exit(0);
}

int
passage_try(const struct account *account, const char *path, int mode,
    char culprit[static PATH_MAX])
{
	struct answer answer = { .error = ECHILD };
	int fds[2];
	pid_t pid;

	if (strlcpy(culprit, path, PATH_MAX) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	if ((pid = child_fork()) == 0)
		ask(account, culprit, mode, fds[1]);
	fd_close(&fds[1]);
	if (pid == -1 || read(fds[0], &answer, sizeof(answer)) == -1)
		answer.error = errno;
	fd_close(&fds[0]);
	if (pid != -1)
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			continue;
	if (answer.len > 0)
		culprit[answer.len] = '\0';
	errno = answer.error;
	return answer.error == 0 ? 0 : -1;
}
