/* SPDX-License-Identifier: ISC */
/*
 * Whether another build of hotswap could take over.  It is started beside us
 * with a copy of our checkpoint, in a mode that only reads.
 */
#ifndef CONTROL_EXAMINE_H
#define CONTROL_EXAMINE_H

struct examination;
struct image;
struct service;

#define EXAMINE_OPTION "--examine" /* FILE: the option of an examined build */
#define EXAMINE_ANSWER "examined by hotswap " /* its version behind it */

/*
 * The file can take over and is of this version; image has an open file.  Or
 * image is NULL, and why, one line, names the file and the reason.  All are
 * borrowed.
 */
typedef void examine_done(
    struct image *, const char *version, const char *why, void *arg);

/*
 * Examine a file.  done is never called before this returns.  *New*, released
 * by itself once done has been called; NULL with errno.
 */
struct examination *examine_begin(
    struct service *, const char *file, examine_done *, void *arg);

/* Kill the examined process and release the examination; no done comes. */
void examine_cancel(struct examination *);

#endif
