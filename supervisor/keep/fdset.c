/* SPDX-License-Identifier: ISC */
/*
 * Descriptors by name.
 */
#include "keep/fdset.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"

#define FIRST 3 /* SD_LISTEN_FDS_START */

void
fdset_fini(struct fdset *fdset)
{
	while (fdset->n > 0)
		foreign_close(&fdset->items[--fdset->n].fd);
	free(fdset->items);
	fdset->items = NULL;
}

static struct fdset_item *
find(const struct fdset *fdset, const char *name)
{
	size_t i;

	for (i = 0; i < fdset->n; i++)
		if (strcmp(fdset->items[i].name, name) == 0)
			return &fdset->items[i];
	return NULL;
}

static int
check_name(const char *name)
{
	const char *p;

	for (p = name; *p > ' ' && *p < 0x7f && *p != ':'; p++)
		continue;
	if (*p == '\0' && p != name && p - name <= KEEPER_NAME_MAX)
		return 0;
	errno = EINVAL;
	return -1;
}

static int
append(struct fdset *fdset, const char *name, int fd)
{
	struct fdset_item *items =
	    reallocarray(fdset->items, fdset->n + 1, sizeof(*items));

	if (items == NULL)
		return -1;
	fdset->items = items;
	strlcpy(items[fdset->n].name, name, sizeof(items->name));
	items[fdset->n].used = false;
	items[fdset->n++].fd = fd;
	return 0;
}

int
fdset_put(struct fdset *fdset, const char *name, int fd)
{
	struct fdset_item *item = find(fdset, name);

	if (check_name(name) == -1)
		return -1;
	if (item == NULL)
		return append(fdset, name, fd);
	foreign_close(&item->fd);
	item->fd = fd;
	return 0;
}

bool
fdset_has(const struct fdset *fdset, const char *name)
{
	return find(fdset, name) != NULL;
}

int
fdset_dup(struct fdset *fdset, const char *name)
{
	struct fdset_item *item = find(fdset, name);

	if (item != NULL) {
		item->used = true;
		return fd_dup(item->fd);
	}
	errno = ENOENT;
	return -1;
}

int
fdset_take(struct fdset *fdset, const char *name)
{
	struct fdset_item *item = find(fdset, name);
	int fd;

	if (item == NULL) {
		errno = ENOENT;
		return -1;
	}
	fd = item->fd;
	*item = fdset->items[--fdset->n];
	return fd;
}

void
fdset_remove(struct fdset *fdset, const char *name)
{
	int fd = fdset_take(fdset, name);

	/* Programs have sent some of these descriptors. */
	foreign_close(&fd);
}

/* LISTEN_FDNAMES; *new*. */
static char *
join_names(const struct fdset *fdset)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (i = 0; i < fdset->n; i++)
		fprintf(out, "%s%s", i > 0 ? ":" : "", fdset->items[i].name);
	return fclose(out) == 0 ? text : NULL;
}

static int
set_environment(const struct fdset *fdset)
{
	char number[16], *names = join_names(fdset);
	int result = -1;

	if (names == NULL)
		return -1;
	snprintf(number, sizeof(number), "%zu", fdset->n);
	if (setenv("LISTEN_FDS", number, 1) == 0 &&
	    setenv("LISTEN_FDNAMES", names, 1) == 0) {
		snprintf(number, sizeof(number), "%d", getpid());
		result = setenv("LISTEN_PID", number, 1);
	}
	free(names);
	return result;
}

static void
clear_environment(void)
{
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
}

void
fdset_take_back(struct fdset *fdset)
{
	int fd, saved = errno;

	for (fd = FIRST; fd < FIRST + (int)fdset->n; fd++)
		close(fd);
	clear_environment();
	errno = saved;
}

/* Give a descriptor a new number that is at least above. */
static int
move_up(int *fd, int above)
{
	int taken = fcntl(*fd, F_DUPFD_CLOEXEC, above);

	if (taken == -1)
		return -1;
	fd_close(fd);
	*fd = taken;
	return 0;
}

int
fdset_hand_over(struct fdset *fdset, int *apart, size_t n)
{
	int above = FIRST + (int)fdset->n;
	size_t i;

	/*
	 * First move all away: one descriptor may have the number that another
	 * one is to get.
	 */
	for (i = 0; i < fdset->n; i++)
		if (move_up(&fdset->items[i].fd, above) == -1)
			return -1;
	for (i = 0; i < n; i++)
		if (apart[i] != -1 && move_up(&apart[i], above) == -1)
			return -1;
	for (i = 0; i < fdset->n; i++)
		if (dup2(fdset->items[i].fd, FIRST + (int)i) == -1)
			goto fail;
	if (set_environment(fdset) == 0)
		return 0;
fail:
	fdset_take_back(fdset);
	return -1;
}

static unsigned int
number_in(const char *variable)
{
	const char *text = getenv(variable);

	return text != NULL ? (unsigned int)strtonum(text, 0, INT_MAX, NULL)
			    : 0;
}

static int
receive_all(struct fdset *fdset, unsigned int n, char *names)
{
	const char *name;
	unsigned int i;
	int result = 0;

	for (i = 0; i < n; i++) {
		name = strsep(&names, ":");
		if (fcntl(FIRST + (int)i, F_SETFD, FD_CLOEXEC) == -1)
			continue;
		if (append(fdset, name != NULL ? name : "unknown",
			FIRST + (int)i) == -1)
			result = -1;
	}
	return result;
}

int
fdset_receive(struct fdset *fdset)
{
	const char *names = getenv("LISTEN_FDNAMES");
	char *copy = strdup(names != NULL ? names : "");
	int result = -1;

	if (copy == NULL)
		return -1;
	if (number_in("LISTEN_PID") != (unsigned int)getpid())
		result = 0;
	else
		result = receive_all(fdset, number_in("LISTEN_FDS"), copy);
	free(copy);
	clear_environment();
	return result;
}

bool
fdset_is_given(const char *name)
{
	const char *names = getenv("LISTEN_FDNAMES");
	size_t len = strlen(name), n;

	if (names == NULL || number_in("LISTEN_PID") != (unsigned int)getpid())
		return false;
	for (;; names += n + 1) {
		n = strcspn(names, ":");
		if (n == len && strncmp(names, name, n) == 0)
			return true;
		if (names[n] == '\0')
			return false;
	}
}
