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
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"

#define FIRST	      3			/* SD_LISTEN_FDS_START */
#define NAMES	      "HOTSWAP_FDNAMES" /* set: the names are in a file */
#define NAMES_MAX     65536 /* a variable may have twice as much, execve(2) */
#define NAMES_LARGEST (64 << 20)

void
fdset_fini(struct fdset *fdset)
{
	while (fdset->n > 0)
		foreign_close(&fdset->items[--fdset->n].fd);
	free(fdset->items);
	free(fdset->buckets);
	*fdset = (struct fdset){ 0 };
}

/* The place that holds 1 + the index of a name's first item. */
static size_t *
bucket_of(const struct fdset *fdset, const char *name)
{
	size_t hash = 5381;

	for (; *name != '\0'; name++)
		hash = hash * 33 + (unsigned char)*name;
	return &fdset->buckets[hash % fdset->room];
}

static void
link_item(struct fdset *fdset, size_t i)
{
	size_t *bucket = bucket_of(fdset, fdset->items[i].name);

	fdset->items[i].next = *bucket;
	*bucket = i + 1;
}

static void
unlink_item(struct fdset *fdset, size_t i)
{
	size_t *at = bucket_of(fdset, fdset->items[i].name);

	while (*at != i + 1)
		at = &fdset->items[*at - 1].next;
	*at = fdset->items[i].next;
}

/* Make room for one more.  -1 with ENOMEM. */
static int
grow(struct fdset *fdset)
{
	size_t room = fdset->room == 0 ? 16 : fdset->room * 2, i;
	struct fdset_item *items;
	size_t *buckets;

	if (fdset->n < fdset->room)
		return 0;
	items = reallocarray(fdset->items, room, sizeof(*items));
	if (items != NULL)
		fdset->items = items;
	if (items == NULL || (buckets = calloc(room, sizeof(*buckets))) == NULL)
		return -1;
	free(fdset->buckets);
	fdset->buckets = buckets;
	fdset->room = room;
	for (i = 0; i < fdset->n; i++)
		link_item(fdset, i);
	return 0;
}

static struct fdset_item *
find(const struct fdset *fdset, const char *name)
{
	size_t i = fdset->n > 0 ? *bucket_of(fdset, name) : 0;

	for (; i > 0; i = fdset->items[i - 1].next)
		if (strcmp(fdset->items[i - 1].name, name) == 0)
			return &fdset->items[i - 1];
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
	struct fdset_item *item;

	if (grow(fdset) == -1)
		return -1;
	item = &fdset->items[fdset->n];
	*item = (struct fdset_item){ .fd = fd };
	strlcpy(item->name, name, sizeof(item->name));
	link_item(fdset, fdset->n++);
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
	unlink_item(fdset, (size_t)(item - fdset->items));
	if (item == &fdset->items[--fdset->n])
		return fd;
	unlink_item(fdset, fdset->n);
	*item = fdset->items[fdset->n];
	link_item(fdset, (size_t)(item - fdset->items));
	return fd;
}

void
fdset_rename(struct fdset *fdset, size_t i, const char *name)
{
	unlink_item(fdset, i);
	strlcpy(fdset->items[i].name, name, sizeof(fdset->items[i].name));
	link_item(fdset, i);
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

/* The names are too long for a variable: they are in a file behind all. */
static int
put_names(const char *names, int number)
{
	int fd = memfd_create("hotswap-names", 0), r = -1;

	if (fd != -1 && fd_write_all(fd, names, strlen(names)) == 0 &&
	    (fd == number || dup2(fd, number) != -1))
		r = setenv(NAMES, "", 1);
	if (fd != number)
		fd_close(&fd);
	return r;
}

static int
set_environment(const struct fdset *fdset)
{
	char number[16], *names = join_names(fdset);
	int result = -1;

	if (names == NULL)
		return -1;
	snprintf(number, sizeof(number), "%zu", fdset->n);
	if (strlen(names) > NAMES_MAX)
		result = put_names(names, FIRST + (int)fdset->n);
	else
		result = setenv("LISTEN_FDNAMES", names, 1);
	if (result == 0 && (result = setenv("LISTEN_FDS", number, 1)) == 0) {
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
	unsetenv(NAMES);
}

void
fdset_take_back(struct fdset *fdset)
{
	int saved = errno;
	size_t i;

	for (i = 0; i < fdset->n; i++)
		fcntl(fdset->items[i].fd, F_SETFD, FD_CLOEXEC);
	if (getenv(NAMES) != NULL)
		close(FIRST + (int)fdset->n);
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

static int
arrange(struct fdset *fdset)
{
	int *fds = calloc(fdset->n + 1, sizeof(*fds)), r;
	size_t i;

	if (fds == NULL)
		return -1;
	for (i = 0; i < fdset->n; i++)
		fds[i] = fdset->items[i].fd;
	r = fd_arrange(fds, fdset->n, FIRST, fdset->n);
	for (i = 0; i < fdset->n; i++)
		fdset->items[i].fd = fds[i];
	free(fds);
	return r;
}

int
fdset_hand_over(struct fdset *fdset, int *apart, size_t n)
{
	int above = FIRST + (int)fdset->n + 1; /* one for the names */
	size_t i;

	for (i = 0; i < n; i++)
		if (apart[i] != -1 && move_up(&apart[i], above) == -1)
			return -1;
	if (arrange(fdset) == 0 && set_environment(fdset) == 0)
		return 0;
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

/* The names that this process was given, *new*. */
static char *
given_names(void)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int fd = FIRST + (int)number_in("LISTEN_FDS");

	if (getenv(NAMES) != NULL)
		return fd_read_whole(fd, NAMES_LARGEST, NULL);
	return strdup(names != NULL ? names : "");
}

int
fdset_receive(struct fdset *fdset)
{
	char *names = given_names();
	int result = -1;

	if (names == NULL)
		return -1;
	if (number_in("LISTEN_PID") != (unsigned int)getpid())
		result = 0;
	else {
		if (getenv(NAMES) != NULL)
			close(FIRST + (int)number_in("LISTEN_FDS"));
		result = receive_all(fdset, number_in("LISTEN_FDS"), names);
	}
	free(names);
	clear_environment();
	return result;
}

bool
fdset_is_given(const char *name)
{
	char *names, *rest, *one;
	bool is = false;

	if (number_in("LISTEN_PID") != (unsigned int)getpid() ||
	    (names = given_names()) == NULL)
		return false;
	rest = names;
	while (!is && (one = strsep(&rest, ":")) != NULL)
		is = strcmp(one, name) == 0;
	free(names);
	return is;
}
