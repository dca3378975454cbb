/* SPDX-License-Identifier: ISC */
/*
 * An image: what is executed.  A child process looks up, checks, hashes and
 * copies the program file once, since reading takes long and no callback may
 * block.  After that an image is immutable and has a reference count.
 */
#ifndef PROCESS_IMAGE_H
#define PROCESS_IMAGE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "process/image_file.h"
#include "process/program_kind.h"

/* The signals that the program understands, and its time to stop. */
struct image_signals {
	int stop;   /* 0: unknown, of an older build */
	int park;   /* 0: none */
	int unpark; /* 0: none */
	unsigned int stop_timeout_ms;
};

/* What the user asked to run.  It is borrowed for the call, and copied. */
struct image_spec {
	const char *exe;     /* the file; NULL: argv[0] */
	char *const *argv;   /* NULL-terminated */
	char *const *env;    /* K=V to add; NULL: none */
	const char *chdir;   /* NULL: our directory */
	const char *folder;  /* that belongs to the image; NULL: none */
	const char *folders; /* where it is kept */
	struct image *known; /* its files need not be read again; NULL: none */
	const char *user;    /* NULL: our user */
	const char *group;   /* NULL: the group of the user */
	struct image_signals signals;
	int umask; /* -1: our umask */
	bool clear_env;
	bool no_new_privs;
	int64_t patience_ms; /* with a child that does nothing; 0: endless */
};

/* The directory that the program begins in, resolved once. */
struct image_directory {
	char *path; /* absolute, symbolic links resolved; NULL: ours */
	dev_t dev;
	ino_t ino;
	int fd; /* O_PATH; -1: none */
};

/* The directory of --image-path, process/image_folder.h. */
struct image_folder {
	char *path;   /* absolute, symbolic links resolved; NULL: none */
	char *kept;   /* what was in it */
	bool changed; /* as of the last image_look */
};

/* The image owns all of this; the strings are within source. */
struct image {
	unsigned int refs;
	json_t *source; /* the JSON it was made from; never changes */
	struct image_file program;
	struct image_file script; /* that the program, an interpreter, reads */
	unsigned int script_at;	  /* its place in argv */
	struct image_directory directory;
	struct image_folder folder;
	char *warning; /* why there is no copy, one line; NULL */
	char **argv;
	char *invoked; /* argv[0], if links lead to its directory; NULL */
	char **env;    /* never NULL */
	char *exe;
	char *chdir; /* as asked for */
	char *user;
	char *group;
	struct image_signals signals;
	int umask;
	bool clear_env;
	bool no_new_privs;
	struct program_kind kind; /* all zero from an older build */
};

/* Its descriptors, which a successor needs, by the names they are held by. */
#define IMAGE_FDS 3
extern const char *const image_fd_names[IMAGE_FDS];
int *image_fd(struct image *, size_t i);

/* image is *new*; or NULL with why, borrowed, one line that names the file. */
typedef void image_done(struct image *, const char *why, void *arg);

struct image_job;

/*
 * Look up, check, hash and copy the program.  exe or argv[0] with a slash is
 * relative to chdir, without a slash it is searched in PATH.  Copies go to the
 * directory store, which is created if it is missing; NULL: no copies.  A copy
 * is written under another name and renamed to its SHA-256; whoever may read
 * the file may read the copy.  A copy that cannot be made is a warning, not a
 * failure.  A file of the known image that is unchanged since it was hashed is
 * not read again (image_file_is_settled), if its copy is there.  A child that
 * does nothing for the time of the spec's patience, as one that reads from a
 * file system that hangs, is given up: that is a failure.  done is never called
 * before this returns.  *New*, released by itself once done has been called;
 * NULL with errno.
 *
 * Needs reaper_init.  Returns after the child has closed our descriptors, so
 * that a socket that we close after that is closed everywhere.
 */
struct image_job *image_prepare(struct event_base *, const struct image_spec *,
    const char *store, image_done *, void *arg);

/* Let the job's process come after all ordinary ones: nice 19. */
void image_job_defer(const struct image_job *);

/*
 * Look whether the image's folder is still as it was, and set folder.changed.
 * done gets the image.  Otherwise as image_prepare, with that patience.
 */
struct image_job *image_look(struct event_base *, struct image *,
    int64_t patience_ms, image_done *, void *arg);

/*
 * Remove the folders in store that none of the n images needs, and make those
 * that stay independent of their originals.  done gets no image, and why if
 * something is to be told.  Otherwise as image_prepare.  While an image is
 * prepared its folder may not be among the images: then it must not be called.
 */
struct image_job *image_tidy(struct event_base *, const char *store,
    struct image *const *, size_t n, image_done *, void *arg);

/* Kill the job's child and release the job, without calling done. */
void image_cancel(struct image_job *);

struct image *image_ref(struct image *);
void image_unref(struct image *);

/*
 * What errno of execve(2) means for path, as words behind the file's name: `is
 * a program for aarch64; this machine is x86_64`.  Also: no #! line, a missing
 * interpreter, a file that is being written, a directory, not executable.
 */
void image_explain(const char *path, int error, char *buf, size_t size);

/*
 * Remove the copies in store that none of the n images needs, and unfinished
 * copies of jobs that were killed.
 */
void image_prune(const char *store, struct image *const *, size_t n);

/* *New*, and shared with the image: not to be changed. */
json_t *image_to_json(const struct image *);

/*
 * *New*; NULL with errno EINVAL, ENOMEM.  Opens the files and the directory
 * that are unchanged.
 */
struct image *image_from_json(const json_t *);

/*
 * A process that was started from the image runs: hold the program's file and
 * the directory, if nobody holds them, as long as the process has them still.
 */
void image_find_in(struct image *, pid_t);

/*
 * Would both start the same: the same files with the same arguments,
 * environment, rights and directory?
 */
bool image_is_same(const struct image *, const struct image *);

#endif
