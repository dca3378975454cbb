/* SPDX-License-Identifier: ISC */
/*
 * The file that a command writes its result to: whole, or not at all.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stddef.h>

/* Tell that a page is not for a terminal.  Returns the exit status for it. */
int output_refuse_terminal(void);

/*
 * Write the text to a file, which takes the place of one that is there; or into
 * what is there and no file, such as a pipe; or, with NULL and `-` as path, to
 * standard output.  what is what the text is, for
 * people.  Returns STATUS_OK; or another status, after telling: the file that
 * was there is then unchanged.
 */
int output_write(
    const char *path, const char *what, const char *text, size_t size);

#endif
