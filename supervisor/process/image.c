/* SPDX-License-Identifier: ISC */
/*
 * The image as an object: its life, its JSON, and where its bytes are now.
 */
#include "process/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/image_copy.h"

/* The strings of an image, most of which may be NULL. */
static const struct {
	const char *key;
	size_t offset;
} strings[] = {
	{ "program", offsetof(struct image, program) },
	{ "copy", offsetof(struct image, copy) },
	{ "warning", offsetof(struct image, warning) },
	{ "exe", offsetof(struct image, exe) },
	{ "chdir", offsetof(struct image, chdir) },
	{ "user", offsetof(struct image, user) },
	{ "group", offsetof(struct image, group) },
};

static void
image_free(struct image *image)
{
	json_decref(image->source);
	free(image->argv);
	free(image->env);
	fd_close(&image->fd);
	free(image);
}

struct image *
image_ref(struct image *image)
{
	image->refs++;
	return image;
}

void
image_unref(struct image *image)
{
	if (image != NULL && --image->refs == 0)
		image_free(image);
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* ctime is not compared: unlink(2) and rename(2) change it, too. */
static bool
same_bytes(const struct image_file *file, const struct stat *st)
{
	return st->st_dev == file->dev && st->st_ino == file->ino &&
	    st->st_size == file->size && same_time(&st->st_mtim, &file->mtime);
}

/* Whether st is of this very file, unchanged. */
static bool
is_file(const struct image_file *file, const struct stat *st)
{
	return same_bytes(file, st) && same_time(&st->st_ctim, &file->ctime);
}

int
image_locate(const struct image *image, char *buf, size_t size)
{
	struct stat st;
	int n;

	if (stat(image->program, &st) == 0 && is_file(&image->file, &st))
		n = snprintf(buf, size, "%s", image->program);
	else if (image->copy != NULL && stat(image->copy, &st) == 0 &&
	    st.st_size == image->file.size)
		n = snprintf(buf, size, "%s", image->copy);
	else if (image->fd != -1 && fstat(image->fd, &st) == 0 &&
	    same_bytes(&image->file, &st))
		n = snprintf(buf, size, "/proc/self/fd/%d", image->fd);
	else {
		errno = ESTALE;
		return -1;
	}
	if (n < 0 || (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static bool
is_needed(const char *name, struct image *const *images, size_t n)
{
	pid_t writer = image_copy_writer(name);
	size_t i;

	if (writer != 0)
		return kill(writer, 0) == 0 || errno != ESRCH;
	for (i = 0; i < n; i++)
		if (strcmp(name, images[i]->sha256) == 0)
			return true;
	return false;
}

void
image_prune(const char *store, struct image *const *images, size_t n)
{
	const struct dirent *entry;
	DIR *directory;

	if ((directory = opendir(store)) == NULL)
		return;
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.' &&
		    !is_needed(entry->d_name, images, n))
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
}

json_t *
image_to_json(const struct image *image)
{
	return json_deep_copy(image->source);
}

/* A list that borrows the strings of the array. */
static char **
list_from_json(const json_t *array)
{
	size_t n = json_array_size(array), i;
	char **list = calloc(n + 1, sizeof(*list));

	for (i = 0; i < n && list != NULL; i++) {
		list[i] = (char *)json_string_value(json_array_get(array, i));
		if (list[i] == NULL) {
			free(list);
			return NULL;
		}
	}
	return list;
}

static void
read_strings(struct image *image, const json_t *object)
{
	char **string;
	size_t i;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		string = (char **)((char *)image + strings[i].offset);
		*string = (char *)json_string_value(
		    json_object_get(object, strings[i].key));
	}
}

static int
read_file_identity(struct image_file *file, const json_t *object)
{
	json_int_t dev, ino, size, mtime[2], ctime[2];

	if (json_unpack((json_t *)object, "{sI sI sI s[II!] s[II!]}", "dev",
		&dev, "ino", &ino, "size", &size, "mtime", &mtime[0], &mtime[1],
		"ctime", &ctime[0], &ctime[1]) == -1)
		return -1;
	*file = (struct image_file){ .dev = dev,
		.ino = ino,
		.size = size,
		.mtime = { .tv_sec = mtime[0], .tv_nsec = mtime[1] },
		.ctime = { .tv_sec = ctime[0], .tv_nsec = ctime[1] } };
	return 0;
}

/* Keep a descriptor, so that the file can be run after unlink(2). */
static void
hold_file(struct image *image)
{
	struct stat st;

	image->fd = open(image->program, O_PATH | O_CLOEXEC);
	if (image->fd != -1 &&
	    (fstat(image->fd, &st) == -1 || !same_bytes(&image->file, &st)))
		fd_close(&image->fd);
}

static int
read_image(struct image *image, const json_t *object)
{
	const json_t *file;
	const char *sha256;
	int clear_env, no_new_privs;

	if (json_unpack((json_t *)object, "{ss si sb sb so}", "sha256", &sha256,
		"umask", &image->umask, "clear-env", &clear_env, "no-new-privs",
		&no_new_privs, "file", &file) == -1 ||
	    strlcpy(image->sha256, sha256, sizeof(image->sha256)) !=
		sizeof(image->sha256) - 1 ||
	    read_file_identity(&image->file, file) == -1)
		return -1;
	image->clear_env = clear_env;
	image->no_new_privs = no_new_privs;
	image->argv = list_from_json(json_object_get(object, "arguments"));
	image->env = list_from_json(json_object_get(object, "env"));
	read_strings(image, object);
	program_kind_restore(&image->kind, json_object_get(object, "kind"));
	return image->program == NULL || image->env == NULL ||
		image->argv == NULL || image->argv[0] == NULL
	    ? -1
	    : 0;
}

struct image *
image_from_json(const json_t *object)
{
	struct image *image = calloc(1, sizeof(*image));

	if (image == NULL)
		return NULL;
	image->refs = 1;
	image->fd = -1;
	image->source = json_deep_copy(object);
	if (read_image(image, image->source) == -1) {
		image_free(image);
		errno = EINVAL;
		return NULL;
	}
	hold_file(image);
	return image;
}
