/* SPDX-License-Identifier: ISC */
/*
 * Replacing the program of this process: the PID, the children and the
 * arguments stay, and descriptors are handed over by name.
 */
#ifndef KEEP_INPLACE_H
#define KEEP_INPLACE_H

struct fdset;

/*
 * Execute exe, or otherwise if exe fails and otherwise is not -1, with the same
 * arguments.  Both are *stolen*.  The new program gets the set's n
 * descriptors by fdset_receive; any other descriptor from 3 to n + 2 is closed.
 * Returns only if it failed, -1 with errno: the set is unchanged.
 */
int inplace_exec(struct fdset *, int exe, int otherwise);

#endif
