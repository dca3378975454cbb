/* SPDX-License-Identifier: ISC */
/*
 * What the system lacks, and may have again without anybody's doing: memory,
 * processes, descriptors, space, an address, an answer in time.
 */
#ifndef BASE_LACK_H
#define BASE_LACK_H

#include <stdbool.h>

/*
 * Has a call failed with this errno by such a lack?  The same call may succeed
 * later then.
 */
bool lack_is(int error);

#endif
