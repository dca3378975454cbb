/* SPDX-License-Identifier: ISC */
/*
 * What belongs to an image besides the checks that it must pass: the script of
 * an interpreter, private copies, the folder.  The child that prepares an image
 * calls these functions, which block; the program has been opened before.
 */
#ifndef PROCESS_IMAGE_GATHER_H
#define PROCESS_IMAGE_GATHER_H

#include <jansson.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/trust.h"
#include "process/account.h"
#include "process/image.h"
#include "process/image_copy.h"
#include "process/image_folder.h"

#define CHECK_WHY (TRUST_WHY + PATH_MAX)

/* The check under way. */
struct check {
	const struct image_spec *spec;
	const char *store;
	const struct image_known *known;
	char program[PATH_MAX]; /* as asked for; later resolved */
	struct account account;
	int fd;
	struct stat st;
	struct image_copy copy;
	struct {
		char path[PATH_MAX];
		int fd; /* -1: none */
		struct stat st;
		struct image_copy copy;
	} script;
	unsigned int script_at;
	char folder[PATH_MAX];
	char id[IMAGE_FOLDER_ID]; /* of the kept folder; "": none */
	char warning[CHECK_WHY];
	char why[CHECK_WHY];
};

/* Each returns -1 with check->why. */
int gather_script(struct check *);
int gather_copies(struct check *);
int gather_folder(struct check *);

/* The JSON that image_from_json reads, *new*; NULL if a text is not UTF-8. */
json_t *gather_result(struct check *);

/*
 * In image_check.c: act with the rights of the program's user, for paths that
 * the user could have led elsewhere, and with our own again.
 */
int check_as_user(struct check *);
int check_as_ourselves(struct check *);

#endif
