/* SPDX-License-Identifier: ISC */
/*
 * What a call of a wrapped program means.  For intercept.c only.
 */
#ifndef PROCESS_INTERCEPT_DESCRIBE_H
#define PROCESS_INTERCEPT_DESCRIBE_H

#include <stdbool.h>

struct intercept_pending;

/*
 * Complete the call with what its socket says.  False if only the kernel has to
 * do with the call.
 */
bool intercept_describe(struct intercept_pending *);

#endif
