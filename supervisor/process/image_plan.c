/* SPDX-License-Identifier: ISC */
/*
 * The ways to start an image, as a table: where each way takes a changed file
 * from.
 */
#include "process/image_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/trust.h"
#include "process/image_folder.h"

/*
 * Each function places one changed file.  role tells the program from its
 * script.  -1: this way is not open to the file.
 */
enum role { ROLE_PROGRAM, ROLE_SCRIPT };
typedef int placing(struct image_plan *, const struct image_file *, enum role);

static int
use_path(struct image_plan *plan, enum role role, const char *path)
{
	char *to = role == ROLE_PROGRAM ? plan->program : plan->script;

	return strlcpy(to, path, PATH_MAX) < PATH_MAX ? 0 : -1;
}

static int
place_nowhere(
    struct image_plan *plan, const struct image_file *file, enum role role)
{
	return -1;
}

/*
 * The descriptor cannot be followed by another file, as the path can.  The
 * path is for scripts, which their interpreter opens by name.
 */
static int
place_moved(
    struct image_plan *plan, const struct image_file *file, enum role role)
{
	const struct trust nobody_else = { NULL, 0, NULL, 0 };
	char path[PATH_MAX], why[TRUST_WHY];

	if (image_file_find(file, path, sizeof(path)) == -1)
		return -1;
	if (trust_path(&nobody_else, path, why, sizeof(why)) == 0)
		return use_path(plan, role, path);
	if (role == ROLE_SCRIPT)
		return -1;
	plan->program_fd = file->fd;
	return 0;
}

/* Only root can mount; a user namespace would change too much. */
static int
place_mounted(
    struct image_plan *plan, const struct image_file *file, enum role role)
{
	struct image_mount mount = { .fd = -1, .over = file->path };
	char path[PATH_MAX];

	if (geteuid() != 0 || access(file->path, F_OK) == -1)
		return -1;
	/* A file that has no path any more cannot be mounted. */
	if (image_file_is_copied(file))
		mount.copy = file->copy;
	else if (image_file_find(file, path, sizeof(path)) == 0)
		mount.fd = file->fd;
	else
		return -1;
	plan->mounts[plan->nmounts++] = mount;
	return 0;
}

static int
place_copied(
    struct image_plan *plan, const struct image_file *file, enum role role)
{
	return image_file_is_copied(file) ? use_path(plan, role, file->copy)
					  : -1;
}

int
image_plan_beside(const struct image_file *file, char buf[static PATH_MAX])
{
	const char *name = strrchr(file->path, '/') + 1;

	return snprintf(buf, PATH_MAX, "%.*s.hotswap-%.12s-%s",
		   (int)(name - file->path), file->path, file->sha256,
		   name) < PATH_MAX
	    ? 0
	    : -1;
}

static int
place_beside(
    struct image_plan *plan, const struct image_file *file, enum role role)
{
	char *to = role == ROLE_PROGRAM ? plan->program : plan->script;

	if (!image_file_is_copied(file) || image_plan_beside(file, to) == -1)
		return -1;
	plan->beside[plan->nbeside++] =
	    (struct image_beside){ .copy = file->copy, .path = to };
	return 0;
}

/* An interpreter is given the name of its script, not the descriptor. */
static int
place_descriptor(
    struct image_plan *plan, const struct image_file *file, enum role role)
{
	if (role == ROLE_SCRIPT)
		return place_beside(plan, file, role);
	if (file->interpreted || !image_file_is_held(file))
		return -1;
	plan->program_fd = file->fd;
	return 0;
}

static const struct {
	placing *place;
	bool for_program; /* another way for the program alone */
	bool for_folder;  /* open to what is in a changed folder, too */
} ways[IMAGE_WAYS] = {
	[IMAGE_IN_PLACE] = { place_nowhere, false, false },
	[IMAGE_MOVED] = { place_moved, false, false },
	[IMAGE_MOUNTED] = { place_mounted, false, true },
	[IMAGE_DESCRIPTOR] = { place_descriptor, true, false },
	[IMAGE_BESIDE] = { place_beside, false, false },
	[IMAGE_COPIED] = { place_copied, false, true },
	[IMAGE_IN_MEMORY] = { place_copied, true, true },
};

/* What of path is below the image's folder; NULL. */
static const char *
below_folder(const struct image *image, const char *path)
{
	const struct image_folder *folder = &image->folder;
	size_t length;

	if (folder->path == NULL || path == NULL)
		return NULL;
	length = strlen(folder->path);
	return strncmp(path, folder->path, length) == 0 &&
		(path[length] == '/' || path[length] == '\0')
	    ? path + length
	    : NULL;
}

/* The same if the folder has changed. */
static const char *
in_folder(const struct image *image, const char *path)
{
	return image->folder.changed ? below_folder(image, path) : NULL;
}

/* To keep the folder by hard links changes the status of its files. */
static bool
is_in_place(const struct image *image, const struct image_file *file)
{
	return below_folder(image, file->path) != NULL
	    ? image_file_is_unwritten(file)
	    : image_file_is_in_place(file);
}

/* Where what was at path is, by this way; false if it is not in the folder. */
static bool
find_in_folder(const struct image *image, const struct image_plan *plan,
    const char *path, char found[static PATH_MAX])
{
	const char *rest = in_folder(image, path);

	if (rest == NULL)
		return false;
	if (plan->way == IMAGE_MOUNTED)
		return strlcpy(found, path, PATH_MAX) < PATH_MAX;
	return snprintf(found, PATH_MAX, "%s%s", plan->folder, rest) < PATH_MAX;
}

/* Mounted over its path, or where it is kept. */
static int
plan_folder(const struct image *image, struct image_plan *plan)
{
	const struct image_folder *folder = &image->folder;
	struct stat st;

	if (folder->path == NULL || !folder->changed)
		return 0;
	snprintf(plan->folder, sizeof(plan->folder), "%s/" IMAGE_FOLDER_FILES,
	    folder->kept);
	if (!ways[plan->way].for_folder || stat(plan->folder, &st) == -1)
		return -1;
	find_in_folder(image, plan, image->directory.path, plan->directory);
	if (plan->way != IMAGE_MOUNTED)
		return 0;
	if (geteuid() != 0 || lstat(folder->path, &st) == -1 ||
	    !S_ISDIR(st.st_mode))
		return -1;
	plan->mounts[plan->nmounts++] = (struct image_mount){
		.fd = -1, .copy = plan->folder, .over = folder->path
	};
	return 0;
}

static int
plan_file(const struct image *image, const struct image_file *file,
    bool in_place, struct image_plan *plan, enum role role)
{
	char path[PATH_MAX];

	/* The copy in memory is another way for the program alone. */
	if ((plan->way != IMAGE_IN_MEMORY || role == ROLE_SCRIPT) &&
	    find_in_folder(image, plan, file->path, path))
		return use_path(plan, role, path);
	return in_place && in_folder(image, file->path) == NULL
	    ? 0
	    : ways[plan->way].place(plan, file, role);
}

/*
 * An argument may lead to another place by now than path, where it led, by a
 * symbolic link.  That it leads there still is true if nothing is at path.
 */
static bool
leads_to(const struct image *image, const char *argument, const char *path)
{
	int at = image->directory.fd != -1 ? image->directory.fd : AT_FDCWD;
	struct stat is, was;

	return path == NULL || stat(path, &was) == -1 ||
	    (fstatat(at, argument, &is, 0) == 0 && is.st_dev == was.st_dev &&
		is.st_ino == was.st_ino);
}

/* By the directory, since argv[0] itself may be a link to a common program. */
static void
plan_invoked(const struct image *image, struct image_plan *plan)
{
	char is[PATH_MAX], was[PATH_MAX];

	if (image->invoked == NULL)
		return;
	strlcpy(is, image->argv[0], sizeof(is));
	strlcpy(was, image->invoked, sizeof(was));
	*strrchr(is, '/') = '\0';
	*strrchr(was, '/') = '\0';
	if (!leads_to(image, is, was) &&
	    !find_in_folder(image, plan, image->invoked, plan->invoked))
		strlcpy(plan->invoked, image->invoked, sizeof(plan->invoked));
}

static int
plan_way(const struct image *image, enum image_way way, bool program,
    bool script, struct image_plan *plan)
{
	bool folder = image->folder.path != NULL && image->folder.changed;

	*plan = (struct image_plan){ .way = way, .program_fd = -1 };
	if ((way == IMAGE_IN_PLACE) != (program && script && !folder) ||
	    (ways[way].for_program && program &&
		in_folder(image, image->program.path) == NULL) ||
	    use_path(plan, ROLE_PROGRAM, image->program.path) == -1)
		return -1;
	if (image->script.path != NULL &&
	    !leads_to(
		image, image->argv[image->script_at], image->script.path) &&
	    use_path(plan, ROLE_SCRIPT, image->script.path) == -1)
		return -1;
	if (plan_folder(image, plan) == -1 ||
	    plan_file(image, &image->program, program, plan, ROLE_PROGRAM) ==
		-1 ||
	    plan_file(image, &image->script, script, plan, ROLE_SCRIPT) == -1)
		return -1;
	plan_invoked(image, plan);
	if (plan->script[0] != '\0')
		plan->argument = image->script_at;
	return 0;
}

int
image_plan_next(
    const struct image *image, enum image_way from, struct image_plan *plan)
{
	bool program = is_in_place(image, &image->program);
	bool script = is_in_place(image, &image->script);
	unsigned int way;

	for (way = from; way < IMAGE_WAYS; way++)
		if (plan_way(
			image, (enum image_way)way, program, script, plan) == 0)
			return 0;
	errno = ESTALE;
	return -1;
}

void
image_plan_describe(const struct image_plan *plan, const struct image *image,
    char *buf, size_t size)
{
	static const char *texts[IMAGE_WAYS] = {
		[IMAGE_IN_PLACE] = "",
		[IMAGE_MOVED] = "from the path to which it was moved",
		[IMAGE_MOUNTED] = "from what it was, mounted at its path",
		[IMAGE_DESCRIPTOR] = "from the file that was at its path",
		[IMAGE_BESIDE] = "from a copy beside its path",
		[IMAGE_COPIED] = "from its private copy",
		[IMAGE_IN_MEMORY] = "from its private copy, in memory",
	};
	bool program = is_in_place(image, &image->program);

	if (plan->way == IMAGE_COPIED && plan->folder[0] != '\0') {
		snprintf(buf, size, "from the directory that was kept, %s",
		    plan->folder);
		return;
	}
	snprintf(buf, size, "%s%s%s", texts[plan->way],
	    plan->way == IMAGE_COPIED ? " " : "",
	    plan->way != IMAGE_COPIED ? ""
		: program	      ? plan->script
				      : plan->program);
}
