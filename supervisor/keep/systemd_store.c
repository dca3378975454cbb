/* SPDX-License-Identifier: ISC */
/*
 * systemd's file descriptor store, made to hold by name.
 */
#include "keep/systemd_store.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "keep/checkpoint.h"
#include "keep/fdset.h"
#include "keep/inplace.h"

#define MARK	      "hotswap." /* begins the name of each thing in the store */
#define DIRECTORY     MARK "directory."
#define VERSION	      1
#define DIRECTORY_MAX 64 /* room for a name of the directory */

struct systemd_store {
	int sock;
	size_t max;
	struct fdset things; /* duplicates of the things in the store */
	json_t *names;	     /* name -> name in the store */
	json_int_t last;     /* number of the newest thing */
	bool behind;	     /* systemd has a thing that it is to drop */
	struct checkpoint directory;
};

static int
say(const struct systemd_store *store, const char *what, const char *name,
    const int *fd)
{
	char text[KEEPER_NAME_MAX + 64];

	snprintf(text, sizeof(text), "%s=1\nFDNAME=%s%s", what, name,
	    fd != NULL ? "\nFDPOLL=0" : "");
	return fd_send(store->sock, text, strlen(text), fd, fd != NULL) == -1
	    ? -1
	    : 0;
}

static int
save(struct systemd_store *store)
{
	/* What was saved must not change. */
	json_t *document = json_pack("{si sI so}", "version", VERSION, "last",
	    store->last, "names", json_copy(store->names));
	int result = -1;

	if (document != NULL)
		result = checkpoint_save(&store->directory, document);
	json_decref(document);
	return result;
}

static const char *
find_thing(const struct systemd_store *store, int fd)
{
	size_t i;

	for (i = 0; i < store->things.n; i++)
		if (fd_is_same(store->things.items[i].fd, fd))
			return store->things.items[i].name;
	return NULL;
}

static bool
is_named(const struct systemd_store *store, const char *thing)
{
	const char *name;
	json_t *value;

	json_object_foreach (store->names, name, value)
		if (strcmp(json_string_value(value), thing) == 0)
			return true;
	return false;
}

/*
 * Remove a thing from the store if no name means it any more.  -1 with errno:
 * systemd cannot be told, so the thing stays.
 */
static int
drop_unnamed(struct systemd_store *store, const char *thing)
{
	if (is_named(store, thing))
		return 0;
	if (say(store, "FDSTOREREMOVE", thing, NULL) == -1) {
		store->behind = true;
		return -1;
	}
	fdset_remove(&store->things, thing);
	return 0;
}

static void
drop_all_unnamed(struct systemd_store *store)
{
	size_t i;

	store->behind = false;
	for (i = store->things.n; i > 0; i--)
		drop_unnamed(store, store->things.items[i - 1].name);
}

/* Returns the new thing's name, borrowed; NULL with errno. */
static const char *
add(struct systemd_store *store, int fd)
{
	char name[64];
	int mine;

	/* The directory's memfds are in the store as well. */
	if (store->things.n + CHECKPOINT_FILES >= store->max) {
		errno = EXFULL;
		return NULL;
	}
	snprintf(
	    name, sizeof(name), MARK "%" JSON_INTEGER_FORMAT, ++store->last);
	if ((mine = fd_dup(fd)) == -1)
		return NULL;
	if (say(store, "FDSTORE", name, &mine) == -1 ||
	    fdset_put(&store->things, name, mine) == -1) {
		fd_close(&mine);
		return NULL;
	}
	return store->things.items[store->things.n - 1].name;
}

int
systemd_store_put(struct systemd_store *store, const char *name, int fd)
{
	json_t *before = json_object_get(store->names, name);
	const char *thing;
	int result = -1;

	if (store->behind)
		drop_all_unnamed(store);
	thing = find_thing(store, fd);
	if (thing == NULL && (thing = add(store, fd)) == NULL)
		return -1;
	if (before != NULL && strcmp(json_string_value(before), thing) == 0)
		return 0;
	json_incref(before);
	if (json_object_set_new(store->names, name, json_string(thing)) == 0)
		result = save(store);
	/* The old thing goes only when the directory does not name it. */
	if (result == 0 && before != NULL)
		drop_unnamed(store, json_string_value(before));
	json_decref(before);
	return result;
}

int
systemd_store_remove(struct systemd_store *store, const char *name)
{
	json_t *thing = json_object_get(store->names, name);
	int result = 0;

	if (store->behind)
		drop_all_unnamed(store);
	if (thing == NULL)
		return 0;
	json_incref(thing);
	json_object_del(store->names, name);
	if (save(store) == -1 ||
	    drop_unnamed(store, json_string_value(thing)) == -1)
		result = -1;
	json_decref(thing);
	return result;
}

static void
name_directory(char buf[static DIRECTORY_MAX], size_t i)
{
	snprintf(buf, DIRECTORY_MAX, DIRECTORY "%zu", i);
}

void
systemd_store_empty(struct systemd_store *store)
{
	char name[DIRECTORY_MAX];
	size_t i;

	for (; store->things.n > 0; fdset_remove(&store->things, name)) {
		strlcpy(name, store->things.items[0].name, sizeof(name));
		say(store, "FDSTOREREMOVE", name, NULL);
	}
	json_object_clear(store->names);
	/* The directory goes last: it tells the other things apart. */
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		name_directory(name, i);
		say(store, "FDSTOREREMOVE", name, NULL);
	}
}

static int
add_duplicate(struct fdset *fdset, const char *name, int fd)
{
	int mine = fd_dup(fd);

	if (mine != -1 && fdset_put(fdset, name, mine) == 0)
		return 0;
	fd_close(&mine);
	return -1;
}

int
systemd_store_execute(struct systemd_store *store, int exe, int otherwise)
{
	const struct fdset_item *item = store->things.items;
	struct fdset all = { 0 };
	char name[DIRECTORY_MAX];
	int failed = 0, saved;
	size_t i;

	for (i = 0; i < store->things.n; i++)
		failed |= add_duplicate(&all, item[i].name, item[i].fd);
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		name_directory(name, i);
		failed |= add_duplicate(&all, name, store->directory.fds[i]);
	}
	if (failed == 0) {
		inplace_exec(&all, exe, otherwise);
	} else {
		fd_close(&exe);
		fd_close(&otherwise);
	}
	saved = errno;
	fdset_fini(&all);
	errno = saved;
	return -1;
}

/* COMING UP */

bool
systemd_store_is_given(void)
{
	char name[DIRECTORY_MAX];

	name_directory(name, 0);
	return fdset_is_given(name);
}

static int
begin_directory(struct systemd_store *store)
{
	char name[DIRECTORY_MAX];
	size_t i;

	store->names = json_object();
	if (store->names == NULL || checkpoint_init(&store->directory) == -1)
		return -1;
	/* Another build may have to read it at any time. */
	checkpoint_set_plain(&store->directory, true);
	if (save(store) == -1)
		return -1;
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		name_directory(name, i);
		if (say(store, "FDSTORE", name, &store->directory.fds[i]) == -1)
			return -1;
	}
	return 0;
}

static int
read_directory(struct systemd_store *store, const int fds[CHECKPOINT_FILES])
{
	json_t *document;
	char why[256];

	checkpoint_adopt(&store->directory, fds);
	checkpoint_set_plain(&store->directory, true);
	document = checkpoint_load(&store->directory, why, sizeof(why));
	store->names = json_incref(json_object_get(document, "names"));
	store->last = json_integer_value(json_object_get(document, "last"));
	json_decref(document);
	if (json_is_object(store->names))
		return 0;
	errno = EBADMSG;
	return -1;
}

static int
open_directory(struct systemd_store *store, struct fdset *given)
{
	int fds[CHECKPOINT_FILES];
	char name[DIRECTORY_MAX];
	bool found = false;
	size_t i;

	for (i = 0; i < CHECKPOINT_FILES; i++) {
		name_directory(name, i);
		fds[i] = fdset_take(given, name);
		found |= fds[i] != -1;
	}
	return found ? read_directory(store, fds) : begin_directory(store);
}

static bool
is_ours(const char *name)
{
	return strncmp(name, MARK, strlen(MARK)) == 0 &&
	    isdigit((unsigned char)name[strlen(MARK)]);
}

/* Move the things of the store out of given. */
static int
take_things(struct systemd_store *store, struct fdset *given)
{
	struct fdset_item item;
	size_t i = 0;

	while (i < given->n) {
		item = given->items[i];
		if (!is_ours(item.name)) {
			i++;
			continue;
		}
		fdset_take(given, item.name);
		if (fdset_put(&store->things, item.name, item.fd) == -1) {
			fd_close(&item.fd);
			return -1;
		}
	}
	return 0;
}

/*
 * Add the things to given under the supervisor's names, and drop those without
 * a name.
 */
static int
give_names(struct systemd_store *store, struct fdset *given)
{
	const char *name;
	json_t *value;
	int fd;

	json_object_foreach (store->names, name, value) {
		fd = fdset_dup(&store->things, json_string_value(value));
		if (fd == -1 && errno == ENOENT)
			continue;
		if (fd == -1 || fdset_put(given, name, fd) == -1) {
			fd_close(&fd);
			return -1;
		}
	}
	drop_all_unnamed(store);
	return 0;
}

int
systemd_store_name_passed(struct fdset *given)
{
	char name[sizeof(given->items->name)], *p;
	struct fdset_item *item = given->items;
	size_t i;

	for (i = 0; i < given->n; i++, item++) {
		if (snprintf(name, sizeof(name), SYSTEMD_STORE_PASSED "%zu.%s",
			i, item->name) >= (int)sizeof(name)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		for (p = name; *p != '\0'; p++)
			if (*p <= ' ' || *p >= 0x7f)
				*p = '_';
		fdset_rename(given, i, name);
	}
	return 0;
}

struct systemd_store *
systemd_store_open(int sock, unsigned int max, struct fdset *given)
{
	struct systemd_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->sock = sock;
	store->max = max;
	store->directory.fds[0] = store->directory.fds[1] = -1;
	if (open_directory(store, given) == 0 &&
	    take_things(store, given) == 0 &&
	    systemd_store_name_passed(given) == 0 &&
	    give_names(store, given) == 0)
		return store;
	systemd_store_close(store);
	return NULL;
}

void
systemd_store_close(struct systemd_store *store)
{
	int saved = errno;

	if (store == NULL)
		return;
	fdset_fini(&store->things);
	checkpoint_fini(&store->directory);
	json_decref(store->names);
	free(store);
	errno = saved;
}
