/* SPDX-License-Identifier: ISC */
/*
 * Replacing the program of this very process: same PID, same children, same
 * arguments, and descriptors by name.
 */
#ifndef KEEP_INPLACE_H
#define KEEP_INPLACE_H

struct depot;

/*
 * Execute exe, or else otherwise unless that is -1, both *stolen*, with our
 * own arguments; it finds what is in the depot by depot_receive.  Other
 * descriptors that have one of as many numbers from 3 on are closed.
 * Returns only if it failed, -1 with errno: the depot is as it was.
 */
int inplace_exec(struct depot *, int exe, int otherwise);

#endif
