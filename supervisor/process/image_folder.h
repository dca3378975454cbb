/* SPDX-License-Identifier: ISC */
/*
 * A directory that belongs to an image, --image-path: what is in it is kept in
 * the directory STORE/ID/files, with a list of all files in STORE/ID/list.
 * These functions block; a child calls them.
 *
 * Files are kept by sharing their blocks, FICLONE; else as copies; if there is
 * much to copy, by hard links at first, which image_folder_settle replaces by
 * copies.  A hard link is no copy: who overwrites the file instead of replacing
 * it overwrites what is kept.
 */
#ifndef PROCESS_IMAGE_FOLDER_H
#define PROCESS_IMAGE_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define IMAGE_FOLDER_ID	     48
#define IMAGE_FOLDER_FILES   "files" /* in STORE/ID */
#define IMAGE_FOLDER_LIST    "list"
#define IMAGE_FOLDER_DAMAGED "damaged" /* is there if a file is lost */

/*
 * Keep what is in the directory fd in store, which is made if it is missing.
 * Other file systems below it, sockets, FIFOs and devices are left out. Whoever
 * may read and execute a file may do so with what is kept of it,
 * process/image_rights.h, and nobody may write to copies. -1 with why, and
 * nothing is left.
 */
int image_folder_keep(int fd, const char *store,
    char id[static IMAGE_FOLDER_ID], char *why, size_t size);

/*
 * Is each file that is kept still in path as it was?  Files that were added do
 * not count.
 */
bool image_folder_is_in_place(const char *path, const char *kept);

/*
 * Was a file overwritten while it was kept by a hard link only?  Its path is
 * written into file then.  image_folder_is_damaged knows only what has been
 * seen before, and does not block.
 */
bool image_folder_inspect(const char *kept, char *file, size_t size);
bool image_folder_is_damaged(const char *kept);

/*
 * Is the file of one line of the list in the directory at as it was?  *path is
 * the file's path, within line.
 */
bool image_folder_is_unchanged(int at, const char *line, const char **path);

/* Was it overwritten while it was kept by a hard link? */
bool image_folder_is_overwritten(int at, const char *line, const char **path);

/*
 * Wait until no other process settles, removes or sweeps in store; until the
 * descriptor, *new*, is closed no other one does.  -1 with errno.
 */
int image_folder_lock(const char *store);

/*
 * Replace what is kept as id by copies of its own, so that files with the same
 * bytes and rights are there once.  Does nothing if that was done before.  -1
 * with why if it has to be done again, or if a file was overwritten before.
 */
int image_folder_settle(
    const char *store, const char *id, char *why, size_t size);

/* Remove what is kept as id; also what a process that has ended left there. */
void image_folder_remove(const char *store, const char *id);

/* Remove files that no kept directory needs any more. */
void image_folder_sweep(const char *store);

#endif
