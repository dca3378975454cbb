/* SPDX-License-Identifier: ISC */
/*
 * The journal: the file of outcomes, one JSON object a line, to which lines are
 * only added.  A line that cannot be written now, as on a full disk, is kept in
 * memory and written later.
 */
#ifndef KEEP_JOURNAL_H
#define KEEP_JOURNAL_H

#include <jansson.h>
#include <sys/types.h>

#define JOURNAL_MAX 1000   /* entries that are read, or wait to be written */
#define JOURNAL_FEW 16	   /* that wait to be written, where there is a limit */
#define JOURNAL_OLD ".old" /* after the name of the file before */

struct journal;

/*
 * Open a journal.  If the file cannot be made, each journal_append tries again.
 * With a limit, a file that has reached so many bytes becomes PATH.old, in the
 * place of the one before, and a new one is begun; 0: the file grows.  *New*;
 * NULL with errno ENOMEM.
 */
struct journal *journal_open(const char *path, off_t limit);
void journal_close(struct journal *);

/*
 * Add an object, *stolen*.  -1 with errno if the object is not in the file yet:
 * journal_entries returns it all the same, and the next call writes it.
 * EINVAL: it is not an object, and is lost.
 */
int journal_append(struct journal *, json_t *);

/*
 * The newest JOURNAL_MAX entries, oldest first, with those that are not in the
 * file yet; those of PATH.old are among them.  An array, *new*; NULL if there
 * is no memory.
 */
json_t *journal_entries(const struct journal *);

/*
 * The newest of all entries whose member has this text, *new*; NULL if there is
 * none.  Reads the file line by line, so that the memory it needs does not grow
 * with the file.
 */
json_t *journal_find(
    const struct journal *, const char *member, const char *text);

/*
 * The newest JOURNAL_MAX entries of a file and of its PATH.old, for a process
 * that does not write them: an array, *new*.  A line that is not a JSON object,
 * such as one that a crash has torn, is left out.  NULL with errno.
 */
json_t *journal_read(const char *path);

#endif
