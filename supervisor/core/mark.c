/* SPDX-License-Identifier: ISC */
/*
 * The file of the mark.  The mark decides which processes belong to a service:
 * so the file must belong to this user, and nobody else may be able to read it.
 */
#include "core/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "core/service.h"
#include "process/account.h"

static void
put_path(const char *state, const char *suffix, char path[static PATH_MAX + 16])
{
	snprintf(path, PATH_MAX + 16, "%s/mark%s", state, suffix);
}

void
mark_load(const char *state, char mark[static ORIGIN_MARK])
{
	char path[PATH_MAX + 16], text[ORIGIN_MARK] = "";
	struct stat st;
	int fd;

	mark[0] = '\0';
	put_path(state, "", path);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0 &&
	    read(fd, text, sizeof(text) - 1) > 0 && origin_is_mark(text))
		strlcpy(mark, text, ORIGIN_MARK);
	fd_close(&fd);
}

static int
write_file(const char *state, const char *mark)
{
	char path[PATH_MAX + 16], aside[PATH_MAX + 16];
	int fd, r;

	put_path(state, "", path);
	put_path(state, ".new", aside);
	unlink(aside);
	fd = open(
	    aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	r = fd_write_all(fd, mark, strlen(mark));
	fd_close(&fd);
	return r == 0 ? rename(aside, path) : -1;
}

void
mark_renew(struct service *service)
{
	struct origin origin;

	origin_make(&origin);
	strlcpy(service->mark, origin.mark, sizeof(service->mark));
	if (write_file(service->state, service->mark) == -1)
		log_warn("%s/mark: %s: if the checkpoint were lost, a new "
			 "start would not know the programs of this service",
		    service->state, strerror(errno));
}

/* This process's user if there is no such user. */
static uid_t
find_uid(const char *user)
{
	struct account account;
	char why[256];
	uid_t uid = geteuid();

	if (account_init(&account, user, NULL, why, sizeof(why)) == -1)
		return uid;
	uid = account.uid;
	account_fini(&account);
	return uid;
}

void
mark_of_life(const struct service *service, const json_t *document,
    struct origin *origin)
{
	const json_t *options = json_object_get(document, "options");
	const char *mark = json_string_value(json_object_get(document, "mark"));

	origin->mark[0] = '\0';
	if (document == NULL) {
		mark_load(service->state, origin->mark);
		/* Without a mark only this process's own user is believed. */
		origin->uid = origin->mark[0] != '\0'
		    ? find_uid(service->options->user)
		    : geteuid();
		return;
	}
	if (mark != NULL && origin_is_mark(mark))
		strlcpy(origin->mark, mark, ORIGIN_MARK);
	origin->uid =
	    find_uid(json_string_value(json_object_get(options, "user")));
}
