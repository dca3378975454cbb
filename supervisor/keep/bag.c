/* SPDX-License-Identifier: ISC */
/*
 * systemd's file descriptor store, made to hold by name.
 */
#include "keep/bag.h"

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

#define MARK	      "hotswap." /* begins the name of each thing in the bag */
#define DIRECTORY     MARK "directory."
#define VERSION	      1
#define DIRECTORY_MAX 64 /* room for a name of the directory */

struct bag {
	int sock;
	size_t max;
	struct fdset things; /* duplicates of the things in the bag */
	json_t *names;	     /* name -> name in the bag */
	json_int_t last;     /* number of the newest thing */
	struct checkpoint directory;
};

static int
say(const struct bag *bag, const char *what, const char *name, const int *fd)
{
	char text[KEEPER_NAME_MAX + 64];

	snprintf(text, sizeof(text), "%s=1\nFDNAME=%s%s", what, name,
	    fd != NULL ? "\nFDPOLL=0" : "");
	return fd_send(bag->sock, text, strlen(text), fd, fd != NULL) == -1 ? -1
									    : 0;
}

static int
save(struct bag *bag)
{
	json_t *document = json_pack("{si sI sO}", "version", VERSION, "last",
	    bag->last, "names", bag->names);
	int result = -1;

	if (document != NULL)
		result = checkpoint_save(&bag->directory, document);
	json_decref(document);
	return result;
}

static const char *
find_thing(const struct bag *bag, int fd)
{
	size_t i;

	for (i = 0; i < bag->things.n; i++)
		if (fd_is_same(bag->things.items[i].fd, fd))
			return bag->things.items[i].name;
	return NULL;
}

static bool
is_named(const struct bag *bag, const char *thing)
{
	const char *name;
	json_t *value;

	json_object_foreach (bag->names, name, value)
		if (strcmp(json_string_value(value), thing) == 0)
			return true;
	return false;
}

/* Remove a thing from the bag if no name means it any more. */
static int
drop_unnamed(struct bag *bag, const char *thing)
{
	if (is_named(bag, thing))
		return 0;
	fdset_remove(&bag->things, thing);
	return say(bag, "FDSTOREREMOVE", thing, NULL);
}

/* Returns the new thing's name, borrowed; NULL with errno. */
static const char *
add(struct bag *bag, int fd)
{
	char name[64];
	int mine;

	/* The directory's memfds are in the store as well. */
	if (bag->things.n + CHECKPOINT_FILES >= bag->max) {
		errno = EXFULL;
		return NULL;
	}
	snprintf(name, sizeof(name), MARK "%" JSON_INTEGER_FORMAT, ++bag->last);
	if ((mine = fd_dup(fd)) == -1)
		return NULL;
	if (say(bag, "FDSTORE", name, &mine) == -1 ||
	    fdset_put(&bag->things, name, mine) == -1) {
		fd_close(&mine);
		return NULL;
	}
	return bag->things.items[bag->things.n - 1].name;
}

int
bag_put(struct bag *bag, const char *name, int fd)
{
	const char *thing = find_thing(bag, fd);
	json_t *before = json_object_get(bag->names, name);
	int result = -1;

	if (thing == NULL && (thing = add(bag, fd)) == NULL)
		return -1;
	if (before != NULL && strcmp(json_string_value(before), thing) == 0)
		return 0;
	json_incref(before);
	if (json_object_set_new(bag->names, name, json_string(thing)) == 0)
		result = save(bag);
	/* The old thing goes only when the directory does not name it. */
	if (result == 0 && before != NULL)
		drop_unnamed(bag, json_string_value(before));
	json_decref(before);
	return result;
}

int
bag_remove(struct bag *bag, const char *name)
{
	json_t *thing = json_object_get(bag->names, name);
	int result = 0;

	if (thing == NULL)
		return 0;
	json_incref(thing);
	json_object_del(bag->names, name);
	if (save(bag) == -1 ||
	    drop_unnamed(bag, json_string_value(thing)) == -1)
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
bag_empty(struct bag *bag)
{
	char name[DIRECTORY_MAX];
	size_t i;

	for (; bag->things.n > 0; fdset_remove(&bag->things, name)) {
		strlcpy(name, bag->things.items[0].name, sizeof(name));
		say(bag, "FDSTOREREMOVE", name, NULL);
	}
	json_object_clear(bag->names);
	/* The directory goes last: it tells the other things apart. */
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		name_directory(name, i);
		say(bag, "FDSTOREREMOVE", name, NULL);
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
bag_execute(struct bag *bag, int exe, int otherwise)
{
	const struct fdset_item *item = bag->things.items;
	struct fdset all = { 0 };
	char name[DIRECTORY_MAX];
	int failed = 0, saved;
	size_t i;

	for (i = 0; i < bag->things.n; i++)
		failed |= add_duplicate(&all, item[i].name, item[i].fd);
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		name_directory(name, i);
		failed |= add_duplicate(&all, name, bag->directory.fds[i]);
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
bag_is_given(void)
{
	char name[DIRECTORY_MAX];

	name_directory(name, 0);
	return fdset_is_given(name);
}

static int
begin_directory(struct bag *bag)
{
	char name[DIRECTORY_MAX];
	size_t i;

	bag->names = json_object();
	if (bag->names == NULL || checkpoint_init(&bag->directory) == -1 ||
	    save(bag) == -1)
		return -1;
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		name_directory(name, i);
		if (say(bag, "FDSTORE", name, &bag->directory.fds[i]) == -1)
			return -1;
	}
	return 0;
}

static int
read_directory(struct bag *bag, const int fds[CHECKPOINT_FILES])
{
	json_t *document;
	char why[256];

	checkpoint_adopt(&bag->directory, fds);
	document = checkpoint_load(&bag->directory, why, sizeof(why));
	bag->names = json_incref(json_object_get(document, "names"));
	bag->last = json_integer_value(json_object_get(document, "last"));
	json_decref(document);
	if (json_is_object(bag->names))
		return 0;
	errno = EBADMSG;
	return -1;
}

static int
open_directory(struct bag *bag, struct fdset *given)
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
	return found ? read_directory(bag, fds) : begin_directory(bag);
}

static bool
is_ours(const char *name)
{
	return strncmp(name, MARK, strlen(MARK)) == 0 &&
	    isdigit((unsigned char)name[strlen(MARK)]);
}

/* Move the things of the bag out of given. */
static int
take_things(struct bag *bag, struct fdset *given)
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
		if (fdset_put(&bag->things, item.name, item.fd) == -1) {
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
give_names(struct bag *bag, struct fdset *given)
{
	const char *name;
	json_t *value;
	size_t i;
	int fd;

	json_object_foreach (bag->names, name, value) {
		fd = fdset_dup(&bag->things, json_string_value(value));
		if (fd == -1 && errno == ENOENT)
			continue;
		if (fd == -1 || fdset_put(given, name, fd) == -1) {
			fd_close(&fd);
			return -1;
		}
	}
	for (i = bag->things.n; i > 0; i--)
		drop_unnamed(bag, bag->things.items[i - 1].name);
	return 0;
}

int
bag_name_passed(struct fdset *given)
{
	char name[sizeof(given->items->name)], *p;
	struct fdset_item *item = given->items;
	size_t i;

	for (i = 0; i < given->n; i++, item++) {
		if (snprintf(name, sizeof(name), BAG_PASSED "%zu.%s", i,
			item->name) >= (int)sizeof(name)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		for (p = name; *p != '\0'; p++)
			if (*p <= ' ' || *p >= 0x7f)
				*p = '_';
		strlcpy(item->name, name, sizeof(item->name));
	}
	return 0;
}

struct bag *
bag_open(int sock, unsigned int max, struct fdset *given)
{
	struct bag *bag = calloc(1, sizeof(*bag));

	if (bag == NULL)
		return NULL;
	bag->sock = sock;
	bag->max = max;
	bag->directory.fds[0] = bag->directory.fds[1] = -1;
	if (open_directory(bag, given) == 0 && take_things(bag, given) == 0 &&
	    bag_name_passed(given) == 0 && give_names(bag, given) == 0)
		return bag;
	bag_close(bag);
	return NULL;
}

void
bag_close(struct bag *bag)
{
	int saved = errno;

	if (bag == NULL)
		return;
	fdset_fini(&bag->things);
	checkpoint_fini(&bag->directory);
	json_decref(bag->names);
	free(bag);
	errno = saved;
}
