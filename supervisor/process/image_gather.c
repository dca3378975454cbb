/* SPDX-License-Identifier: ISC */
/*
 * What belongs to an image, and its JSON.
 */
#include "process/image_gather.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/image_script.h"

#define SUFFIX_SIZE 16

/*
 * The script is opened as the program's user, who is to read it.  No script is
 * no failure: the interpreter says best what is wrong.
 */
int
gather_script(struct check *check)
{
	unsigned int at = image_script_find(check->spec->argv);
	char resolved[PATH_MAX];

	if (at == 0)
		return 0;
	if (check_as_user(check) == -1)
		return -1;
	if (realpath(check->spec->argv[at], resolved) != NULL) {
		check->script.fd = fd_open_regular(resolved);
		strlcpy(check->script.path, resolved, PATH_MAX);
	}
	check->script_at = at;
	return check_as_ourselves(check);
}

/* `.mjs`; "" if there is none, or none that a name may end in. */
static const char *
suffix_of(const char *path)
{
	const char *suffix = strrchr(path, '.');

	return suffix != NULL && strlen(suffix) < SUFFIX_SIZE &&
		strchr(suffix, '/') == NULL
	    ? suffix
	    : "";
}

/* The known file's copy is this one's as well, *new*; NULL: it is not there. */
static char *
recall_copy(const struct check *check, const struct image_file *known,
    const char *suffix)
{
	char path[PATH_MAX];

	snprintf(
	    path, sizeof(path), "%s/%s%s", check->store, known->sha256, suffix);
	return image_file_is_copied(known) && strcmp(known->copy, path) == 0
	    ? strdup(path)
	    : NULL;
}

/* Take hash and copy of the known file if it is this one; false: it is not. */
static bool
recall(const struct check *check, const struct image_file *known,
    const char *suffix, const struct stat *st, struct image_copy *copy)
{
	if (known == NULL || !image_file_is_same(known, st))
		return false;
	if (check->store != NULL &&
	    (copy->path = recall_copy(check, known, suffix)) == NULL)
		return false;
	strlcpy(copy->sha256, known->sha256, sizeof(copy->sha256));
	copy->settled = true;
	return true;
}

/* name is the file's, for messages. */
static int
copy_file(struct check *check, const char *name, int fd, const struct stat *st,
    const struct image_file *known, struct image_copy *copy)
{
	const char *suffix = fd == check->script.fd ? suffix_of(name) : "";
	bool settled = image_file_is_settled(fd, st);
	struct stat after;

	if (recall(check, known, suffix, st, copy))
		return 0;
	if (image_copy_init(copy, fd, st->st_size, check->store, suffix) ==
		-1 &&
	    errno != ESTALE) {
		snprintf(check->why, sizeof(check->why),
		    "%s cannot be read: %s", name, strerror(errno));
		return -1;
	}
	copy->settled = settled;
	if (fstat(fd, &after) == 0 && after.st_size == st->st_size &&
	    after.st_mtim.tv_sec == st->st_mtim.tv_sec &&
	    after.st_mtim.tv_nsec == st->st_mtim.tv_nsec)
		return 0;
	snprintf(check->why, sizeof(check->why),
	    "%s changed while it was read (still being copied?)", name);
	return -1;
}

int
gather_copies(struct check *check)
{
	if (copy_file(check, check->program, check->fd, &check->st,
		check->known->program, &check->copy) == -1)
		return -1;
	if (check->script.fd == -1 ||
	    fstat(check->script.fd, &check->script.st) == -1)
		return 0;
	return copy_file(check, check->script.path, check->script.fd,
	    &check->script.st, check->known->script, &check->script.copy);
}

/*
 * Opened as the program's user: what the user cannot reach is not kept where
 * the user could reach it.
 */
int
gather_folder(struct check *check)
{
	char cause[2 * PATH_MAX];
	int fd = -1, r;

	if (check->spec->folder == NULL)
		return 0;
	if (check_as_user(check) == -1)
		return -1;
	if (realpath(check->spec->folder, check->folder) != NULL)
		fd = open(check->folder,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		snprintf(check->why, sizeof(check->why),
		    "--image-path: the directory %s cannot be opened: %s",
		    check->spec->folder, strerror(errno));
	if (check_as_ourselves(check) == -1 || fd == -1) {
		fd_close(&fd);
		return -1;
	}
	r = image_folder_keep(
	    fd, check->spec->folders, check->id, cause, sizeof(cause));
	fd_close(&fd);
	if (r == 0)
		return 0;
	check->id[0] = '\0';
	snprintf(check->warning, sizeof(check->warning),
	    "the directory %s is not kept in %s: %s", check->folder,
	    check->spec->folders, cause);
	return 0;
}

/* A list as JSON; NULL if a string is not UTF-8. */
static json_t *
list_to_json(char *const *list)
{
	json_t *array = json_array();

	for (; list != NULL && *list != NULL; list++)
		if (json_array_append_new(array, json_string(*list)) == -1) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* NULL: none was asked for, or it has been removed meanwhile. */
static json_t *
directory_to_json(const struct check *check)
{
	char path[PATH_MAX];
	struct stat st;

	if (check->spec->chdir == NULL || stat(".", &st) == -1 ||
	    getcwd(path, sizeof(path)) == NULL)
		return NULL;
	return json_pack("{ss sI sI}", "path", path, "dev",
	    (json_int_t)st.st_dev, "ino", (json_int_t)st.st_ino);
}

static json_t *
script_to_json(const struct check *check)
{
	if (check->script.fd == -1)
		return NULL;
	return json_pack("{ss ss ss* sb sI so}", "path", check->script.path,
	    "sha256", check->script.copy.sha256, "copy",
	    check->script.copy.path, "settled", check->script.copy.settled,
	    "argument", (json_int_t)check->script_at, "file",
	    image_file_identity(&check->script.st));
}

static json_t *
folder_to_json(const struct check *check)
{
	json_t *kept;

	if (check->id[0] == '\0')
		return NULL;
	kept = json_sprintf("%s/%s", check->spec->folders, check->id);
	return json_pack("{ss so}", "path", check->folder, "kept", kept);
}

/*
 * argv[0] with the links to its directory followed, but not the last name: a
 * virtual environment of Python is found by it.
 */
static json_t *
invoked_to_json(const struct check *check)
{
	const char *name = check->spec->argv[0], *base = strrchr(name, '/');
	char directory[PATH_MAX], resolved[PATH_MAX];

	if (base == NULL || base == name)
		return NULL;
	snprintf(
	    directory, sizeof(directory), "%.*s", (int)(base - name), name);
	if (realpath(directory, resolved) == NULL ||
	    strcmp(resolved, directory) == 0)
		return NULL;
	return json_sprintf("%s%s", resolved, base);
}

/* One text for all that could not be kept. */
static const char *
warning_of(struct check *check)
{
	const bool script = check->copy.error == 0;
	int error = script ? check->script.copy.error : check->copy.error;

	if (error != 0)
		snprintf(check->warning, sizeof(check->warning),
		    "no private copy of %s in %s: %s",
		    script ? check->script.path : check->program, check->store,
		    strerror(error));
	return check->warning[0] != '\0' ? check->warning : NULL;
}

static json_t *
signals_to_json(const struct image_signals *signals)
{
	return json_pack("{si si si sI}", "stop", signals->stop, "park",
	    signals->park, "unpark", signals->unpark, "stop-timeout",
	    (json_int_t)signals->stop_timeout_ms);
}

json_t *
gather_result(struct check *check)
{
	const struct image_spec *spec = check->spec;

	return json_pack(
	    "{ss ss ss* sb ss* so so so ss* ss* ss* ss* so si sb sb so* so* so* so*}",
	    "program", check->program, "sha256", check->copy.sha256, "copy",
	    check->copy.path, "settled", check->copy.settled, "warning",
	    warning_of(check), "file", image_file_identity(&check->st),
	    "arguments", list_to_json(spec->argv), "env",
	    list_to_json(spec->env), "exe", spec->exe, "chdir", spec->chdir,
	    "user", spec->user, "group", spec->group, "signals",
	    signals_to_json(&spec->signals), "umask", spec->umask, "clear-env",
	    spec->clear_env, "no-new-privs", spec->no_new_privs, "directory",
	    directory_to_json(check), "script", script_to_json(check), "folder",
	    folder_to_json(check), "invoked", invoked_to_json(check));
}
