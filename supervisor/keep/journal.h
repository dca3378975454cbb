/* SPDX-License-Identifier: ISC */
/*
 * The journal: what happened, one JSON object a line, in a file that is only
 * ever added to.  What cannot be written now, as on a full disk, is kept and
 * written later.
 */
#ifndef KEEP_JOURNAL_H
#define KEEP_JOURNAL_H

#include <jansson.h>

#define JOURNAL_MAX 1000 /* entries that are read, or wait to be written */

struct journal;

/*
 * Be ready to add.  A file that cannot be made is tried anew with each
 * entry.  *New*; NULL with errno ENOMEM.
 */
struct journal *journal_open(const char *path);
void journal_close(struct journal *);

/*
 * Add an object, which it *steals*.  -1 with errno if it is not in the file
 * yet: it is among the entries all the same, and the next call writes it.
 * EINVAL: it is not an object, and is lost.
 */
int journal_append(struct journal *, json_t *);

/*
 * The newest JOURNAL_MAX entries, the oldest of them first: those of the
 * file, and those that are not in it yet.  An array, *new*; NULL if there is
 * no memory.
 */
json_t *journal_entries(const struct journal *);

/*
 * The newest of all entries whose member has this text, *new*; NULL if there
 * is none.  Reads the file by the line: what it takes of memory does not grow
 * with the file.
 */
json_t *journal_find(
    const struct journal *, const char *member, const char *text);

/*
 * The newest JOURNAL_MAX entries of a file, for those who do not write it:
 * an array, *new*.  A line that is not a JSON object, such as one torn by a
 * crash, is left out.  NULL with errno.
 */
json_t *journal_read(const char *path);

#endif
