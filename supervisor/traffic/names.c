/* SPDX-License-Identifier: ISC */
/*
 * The names of a listener's Unix sockets.  Every act on a file is an act of its
 * directory, which checks the file's identity.
 */
#include "traffic/names.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "traffic/holder.h"

#define CUT	  40 /* bytes kept of a long public name */
#define NAME_SIZE DIRECTORY_NAME

struct names {
	const struct endpoint *at;
	char public[NAME_SIZE];
	char temporary[NAME_SIZE];
	LIST_HEAD(, name) list;
	struct name *placed;		    /* the name in place; NULL: none */
	struct identity public_identity;    /* file at the public path */
	struct directory *public_directory; /* its directory; NULL: none */
	bool refused; /* no name is put in place any more */
};

/*
 * Make the name of a file of ours beside the public one.  A long name is cut,
 * so that sun_path has room for it, and gets a hash to stay unique.
 */
static void
put_name(char buf[static NAME_SIZE], const char *public, const char *suffix)
{
	uint32_t hash = 0;
	const char *p;

	if (strlen(public) <= CUT) {
		snprintf(buf, NAME_SIZE, "%s.hotswap-%s", public, suffix);
		return;
	}
	for (p = public; *p != '\0'; p++)
		hash = hash * 31 + (unsigned char)*p;
	snprintf(buf, NAME_SIZE, "%.*s~%08x.hotswap-%s", CUT, public,
	    (unsigned int)hash, suffix);
}

static void
withdraw_public(const struct names *names)
{
	if (names->public_identity.ino != 0 && names->public_directory != NULL)
		directory_remove(names->public_directory, names->public,
		    &names->public_identity);
}

static const char *
path_of(const struct names *names)
{
	return ((const struct sockaddr_un *)&names->at->address.storage)
	    ->sun_path;
}

struct names *
names_new(const struct endpoint *at)
{
	struct names *names = calloc(1, sizeof(*names));
	const char *path, *slash;

	if (names == NULL)
		return NULL;
	names->at = at;
	LIST_INIT(&names->list);
	path = path_of(names);
	slash = strrchr(path, '/');
	strlcpy(names->public, slash == NULL ? path : slash + 1, NAME_SIZE);
	put_name(names->temporary, names->public, "new");
	return names;
}

void
names_free(struct names *names)
{
	withdraw_public(names);
	directory_unref(names->public_directory);
	free(names);
}

const char *
names_public(const struct names *names)
{
	return names->public;
}

/* Open the directory that the address names.  *New*; NULL with errno. */
static struct directory *
open_named(const struct names *names)
{
	const char *path = path_of(names), *slash = strrchr(path, '/');
	char directory[PATH_MAX] = "./";

	if (slash != NULL)
		strlcpy(directory, path, (size_t)(slash - path) + 2);
	return directory_named(directory, &names->at->owner);
}

/*
 * The directory for a socket that joins now; NULL with errno.  The operator's
 * path is used only if no program has had a name in a directory yet.
 */
struct directory *
names_choose_directory(const struct names *names)
{
	if (names->at->directory != NULL)
		return directory_ref(names->at->directory);
	if (names->public_directory != NULL)
		return directory_ref(names->public_directory);
	return open_named(names);
}

struct name *
names_find(const struct names *names, unsigned int generation)
{
	struct name *name;

	LIST_FOREACH (name, &names->list, entry)
		if (name->generation == generation)
			return name;
	return NULL;
}

struct name *
names_placed(const struct names *names)
{
	return names->placed;
}

int
names_place(struct names *names, struct name *name)
{
	if (names->refused)
		return 0;
	if (directory_place(name->directory, name->private, &name->identity,
		names->temporary, names->public) == -1)
		return -1;
	directory_ref(name->directory);
	directory_unref(names->public_directory);
	names->public_directory = name->directory;
	names->placed = name;
	names->public_identity = name->identity;
	holder_commit(names->at->holder);
	return 0;
}

void
names_refuse(struct names *names)
{
	withdraw_public(names);
	names->refused = true;
}

void
names_drop(struct names *names, struct name *name)
{
	if (name->identity.ino != 0)
		directory_remove(
		    name->directory, name->private, &name->identity);
	if (names->placed == name)
		names->placed = NULL;
	directory_unref(name->directory);
	LIST_REMOVE(name, entry);
	free(name);
}

struct name *
names_add(struct names *names, unsigned int generation)
{
	char suffix[16];
	struct name *name;

	if (names_find(names, generation) != NULL) {
		errno = EADDRINUSE;
		return NULL;
	}
	name = calloc(1, sizeof(*name));
	if (name == NULL)
		return NULL;
	name->generation = generation;
	snprintf(suffix, sizeof(suffix), "%u", generation);
	put_name(name->private, names->public, suffix);
	LIST_INSERT_HEAD(&names->list, name, entry);
	return name;
}

enum listener_path
names_leaf(const struct names *names, const char *leaf)
{
	const struct name *name;

	if (strcmp(leaf, names->public) == 0)
		return PATH_PUBLIC;
	LIST_FOREACH (name, &names->list, entry) {
		if (strcmp(leaf, name->private) == 0)
			return PATH_PRIVATE;
	}
	return PATH_OTHER;
}

/* Paths through other links and mounts may lead to the same directory. */
bool
names_are_in(const struct names *names, const struct identity *directory)
{
	const struct name *name;

	LIST_FOREACH (name, &names->list, entry) {
		if (name->directory != NULL &&
		    directory_is(name->directory, directory))
			return true;
	}
	return names->public_directory != NULL &&
	    directory_is(names->public_directory, directory);
}

bool
names_are_lost(const struct names *names)
{
	return names->placed != NULL &&
	    directory_has(names->public_directory, names->public,
		&names->public_identity) == -1 &&
	    errno == ENOENT;
}

json_t *
names_save(const struct names *names)
{
	const struct name *name;
	json_t *list = json_array();

	LIST_FOREACH (name, &names->list, entry)
		if (name->directory != NULL)
			json_array_append_new(list,
			    json_pack("{sI so so}", "generation",
				(json_int_t)name->generation, "file",
				identity_save(&name->identity), "directory",
				directory_save(name->directory)));
	return json_pack("{so sI so so*}", "names", list, "placed",
	    (json_int_t)(names->placed != NULL ? names->placed->generation : 0),
	    "public", identity_save(&names->public_identity), "directory",
	    names->public_directory != NULL
		? directory_save(names->public_directory)
		: NULL);
}

/* An older build saved no directory: its sockets are in that of the address. */
static struct directory *
restore_directory(const struct names *names, const json_t *saved,
    const struct way_finder *finder)
{
	return saved != NULL
	    ? directory_restore(saved, finder, names->at->holder)
	    : open_named(names);
}

static int
restore_name(
    struct names *names, const json_t *saved, const struct way_finder *finder)
{
	struct name *name = names_add(names,
	    (unsigned int)json_integer_value(
		json_object_get(saved, "generation")));

	if (name == NULL)
		return -1;
	identity_restore(&name->identity, json_object_get(saved, "file"));
	name->directory = restore_directory(
	    names, json_object_get(saved, "directory"), finder);
	return name->directory != NULL ? 0 : -1;
}

int
names_restore(
    struct names *names, const json_t *state, const struct way_finder *finder)
{
	json_t *value;
	size_t i;

	json_array_foreach (json_object_get(state, "names"), i, value) {
		if (restore_name(names, value, finder) == -1)
			return -1;
	}
	identity_restore(
	    &names->public_identity, json_object_get(state, "public"));
	names->placed = names_find(names,
	    (unsigned int)json_integer_value(json_object_get(state, "placed")));
	if (names->placed != NULL)
		names->public_directory =
		    directory_ref(names->placed->directory);
	else if (names->public_identity.ino != 0)
		names->public_directory = restore_directory(
		    names, json_object_get(state, "directory"), finder);
	return 0;
}
