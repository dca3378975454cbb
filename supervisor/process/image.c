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
#include "base/foreign.h"
#include "process/image_copy.h"

/* The strings of an image, most of which may be NULL. */
static const struct {
	const char *key;
	size_t offset;
} strings[] = {
	{ "warning", offsetof(struct image, warning) },
	{ "exe", offsetof(struct image, exe) },
	{ "invoked", offsetof(struct image, invoked) },
	{ "chdir", offsetof(struct image, chdir) },
	{ "user", offsetof(struct image, user) },
	{ "group", offsetof(struct image, group) },
};

const char *const image_fd_names[IMAGE_FDS] = { "image", "script",
	"directory" };

int *
image_fd(struct image *image, size_t i)
{
	int *const fds[IMAGE_FDS] = { &image->program.fd, &image->script.fd,
		&image->directory.fd };

	return fds[i];
}

static void
image_free(struct image *image)
{
	json_decref(image->source);
	free(image->argv);
	free(image->env);
	image_file_fini(&image->program);
	image_file_fini(&image->script);
	fd_close(&image->directory.fd);
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

/* The name of a copy begins with the hash. */
static bool
is_copy_of(const char *name, const struct image_file *file)
{
	return file->path != NULL &&
	    strncmp(name, file->sha256, strlen(file->sha256)) == 0;
}

static bool
is_needed(const char *name, struct image *const *images, size_t n)
{
	pid_t writer = image_copy_writer(name);
	size_t i;

	if (writer != 0)
		return kill(writer, 0) == 0 || errno != ESRCH;
	for (i = 0; i < n; i++)
		if (is_copy_of(name, &images[i]->program) ||
		    is_copy_of(name, &images[i]->script))
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
	return json_incref(image->source);
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

/* What the descriptor leads to must be the directory that was resolved. */
static void
close_other(struct image_directory *directory)
{
	struct stat st;

	if (directory->fd != -1 &&
	    (fstat(directory->fd, &st) == -1 || st.st_dev != directory->dev ||
		st.st_ino != directory->ino))
		fd_close(&directory->fd);
}

/* Keep a descriptor, so that the program begins there after a rename. */
static int
read_directory(struct image_directory *directory, const json_t *object)
{
	json_int_t dev, ino;
	const char *path;

	if (object == NULL)
		return 0; /* ours, or of an older build */
	if (json_unpack((json_t *)object, "{ss sI sI}", "path", &path, "dev",
		&dev, "ino", &ino) == -1)
		return -1;
	*directory = (struct image_directory){ .path = (char *)path,
		.dev = dev,
		.ino = ino,
		.fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) };
	close_other(directory);
	return 0;
}

static int
read_folder(struct image_folder *folder, const json_t *object)
{
	const char *path, *kept;

	if (object == NULL)
		return 0;
	if (json_unpack((json_t *)object, "{ss ss}", "path", &path, "kept",
		&kept) == -1)
		return -1;
	folder->path = (char *)path;
	folder->kept = (char *)kept;
	return 0;
}

/* The script is one of the arguments. */
static int
read_script(struct image *image, const json_t *object)
{
	json_int_t at;
	json_int_t i;

	if (object == NULL)
		return 0;
	if (json_unpack((json_t *)object, "{sI}", "argument", &at) == -1 ||
	    image_file_read(&image->script, object, "path") == -1)
		return -1;
	for (i = 0; i < at && image->argv[i] != NULL; i++)
		continue;
	image->script_at = (unsigned int)at;
	return at > 0 && i == at && image->argv[i] != NULL ? 0 : -1;
}

/* An older build has saved none. */
static int
read_signals(struct image_signals *signals, const json_t *object)
{
	json_int_t timeout;

	if (object == NULL)
		return 0;
	if (json_unpack((json_t *)object, "{si si si sI}", "stop",
		&signals->stop, "park", &signals->park, "unpark",
		&signals->unpark, "stop-timeout", &timeout) == -1)
		return -1;
	signals->stop_timeout_ms = (unsigned int)timeout;
	return 0;
}

static int
read_image(struct image *image, const json_t *object)
{
	int clear_env, no_new_privs;

	if (json_unpack((json_t *)object, "{si sb sb}", "umask", &image->umask,
		"clear-env", &clear_env, "no-new-privs", &no_new_privs) == -1 ||
	    image_file_read(&image->program, object, "program") == -1)
		return -1;
	image->clear_env = clear_env;
	image->no_new_privs = no_new_privs;
	image->argv = list_from_json(json_object_get(object, "arguments"));
	image->env = list_from_json(json_object_get(object, "env"));
	read_strings(image, object);
	program_kind_restore(&image->kind, json_object_get(object, "kind"));
	image->program.interpreted = image->kind.scripts > 0;
	if (image->env == NULL || image->argv == NULL || image->argv[0] == NULL)
		return -1;
	return read_signals(
		   &image->signals, json_object_get(object, "signals")) == -1 ||
		read_directory(&image->directory,
		    json_object_get(object, "directory")) == -1 ||
		read_folder(
		    &image->folder, json_object_get(object, "folder")) == -1
	    ? -1
	    : read_script(image, json_object_get(object, "script"));
}

struct image *
image_from_json(const json_t *object)
{
	struct image *image = calloc(1, sizeof(*image));

	if (image == NULL)
		return NULL;
	image->refs = 1;
	image->program.fd = image->script.fd = image->directory.fd = -1;
	image->source = json_deep_copy(object);
	if (read_image(image, image->source) == -1) {
		image_free(image);
		errno = EINVAL;
		return NULL;
	}
	return image;
}

/* The process chose what the link leads to: no file system of its own is asked.
 */
static int
open_of(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd != -1 && !foreign_is_local(fd))
		fd_close(&fd);
	return fd;
}

void
image_find_in(struct image *image, pid_t pid)
{
	struct image_directory *directory = &image->directory;

	if (image->program.fd == -1)
		image->program.fd = open_of(pid, "exe");
	if (!image_file_is_held(&image->program))
		fd_close(&image->program.fd);
	if (directory->path == NULL || directory->fd != -1)
		return;
	directory->fd = open_of(pid, "cwd");
	close_other(directory);
}

/* What the JSON says of the start itself. */
static const char *const start_keys[] = { "arguments", "env", "exe", "user",
	"group", "umask", "clear-env", "no-new-privs" };

static bool
is_same_file(const struct image_file *a, const struct image_file *b)
{
	if (a->path == NULL || b->path == NULL)
		return a->path == b->path;
	return strcmp(a->path, b->path) == 0 &&
	    strcmp(a->sha256, b->sha256) == 0;
}

bool
image_is_same(const struct image *a, const struct image *b)
{
	const json_t *of_a, *of_b;
	size_t i;

	for (i = 0; i < sizeof(start_keys) / sizeof(start_keys[0]); i++) {
		of_a = json_object_get(a->source, start_keys[i]);
		of_b = json_object_get(b->source, start_keys[i]);
		if (of_a != of_b && !json_equal(of_a, of_b))
			return false;
	}
	of_a = json_object_get(a->source, "folder");
	of_b = json_object_get(b->source, "folder");
	return (of_a == of_b || json_equal(of_a, of_b)) &&
	    is_same_file(&a->program, &b->program) &&
	    is_same_file(&a->script, &b->script) &&
	    a->directory.dev == b->directory.dev &&
	    a->directory.ino == b->directory.ino;
}
