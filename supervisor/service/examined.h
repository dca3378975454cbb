/* SPDX-License-Identifier: ISC */
/*
 * The examined program's side of an examination, control/examine.h.
 */
#ifndef SERVICE_EXAMINED_H
#define SERVICE_EXAMINED_H

/*
 * Read a copy of a checkpoint, say on stdout whether this program could go on
 * with it, and return the exit status.
 */
int examined_main(const char *path);

#endif
