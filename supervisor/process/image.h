/* SPDX-License-Identifier: ISC */
/*
 * An image: what is executed.  The program file is looked up, checked,
 * hashed and privately copied once, by a child process, since files are long
 * and no callback may block.  Immutable and counted afterwards.
 */
#ifndef PROCESS_IMAGE_H
#define PROCESS_IMAGE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "process/program_kind.h"

/* What to run, as asked for.  All borrowed for the call; copied. */
struct image_spec {
	const char *exe;   /* the file; NULL: argv[0] */
	char *const *argv; /* NULL-terminated */
	char *const *env;  /* K=V to add; NULL: none */
	const char *chdir; /* NULL: stay */
	const char *user;  /* NULL: stay */
	const char *group; /* NULL: the user's */
	int umask;	   /* -1: stay */
	bool clear_env;
	bool no_new_privs;
};

/* What tells whether a file is still the one that was hashed. */
struct image_file {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
	struct timespec ctime;
};

/* All is the image's; strings are those of source. */
struct image {
	unsigned int refs;
	json_t *source;	 /* what it was made from */
	char *program;	 /* absolute path, symbolic links resolved */
	char sha256[65]; /* of the file, in hexadecimal */
	char *copy;	 /* private copy's path; NULL if there is none */
	char *warning;	 /* why there is no copy, one line; NULL */
	struct image_file file;
	int fd; /* O_PATH of that file: runs it still after unlink(2); or -1 */
	char **argv;
	char **env; /* never NULL */
	char *exe;
	char *chdir;
	char *user;
	char *group;
	int umask;
	bool clear_env;
	bool no_new_privs;
	struct program_kind kind; /* all zero: an older build left it out */
};

/* image is *new*, or NULL with why, borrowed: one line, names the file. */
typedef void image_done(struct image *, const char *why, void *arg);

struct image_job;

/*
 * Look up, check, hash, copy.  exe or argv[0] with a slash is relative to
 * chdir, else it is searched in PATH.  Copies go to the directory store
 * (made if it is missing), named by their SHA-256, readable by whoever may the
 * file, written aside and renamed; NULL: no copies.  A copy that cannot be made
 * is a warning, not a failure.  done is never called from within.  *New*,
 * released by itself once done has been called; NULL with errno.
 *
 * Needs reaper_init.  Returns when the child has let go of our descriptors:
 * a socket that is closed from then on is closed.
 */
struct image_job *image_prepare(struct event_base *, const struct image_spec *,
    const char *store, image_done *, void *arg);

/* Kill it, without calling done. */
void image_cancel(struct image_job *);

struct image *image_ref(struct image *);
void image_unref(struct image *);

/*
 * A path by which execve(2) gets the very bytes that were hashed: program
 * itself while it is unchanged, else the copy, else /proc/self/fd/ and
 * image->fd if the file was only unlinked or moved.  Writes it into buf; -1
 * with errno ESTALE if those bytes are nowhere any more.
 */
int image_locate(const struct image *, char *buf, size_t size);

/*
 * What execve(2) of path meant by errno, to be put behind the file's name:
 * `is a program for aarch64; this machine is x86_64`.  Also no #!, a missing
 * interpreter, being written to, a directory, not executable.
 */
void image_explain(const char *path, int error, char *buf, size_t size);

/*
 * Remove the copies in store that none of the n images needs, and what jobs
 * that were killed have left there.
 */
void image_prune(const char *store, struct image *const *, size_t n);

/* *New*; NULL if there is no memory. */
json_t *image_to_json(const struct image *);

/* *New*; NULL with errno EINVAL, ENOMEM.  Opens program, if unchanged. */
struct image *image_from_json(const json_t *);

#endif
