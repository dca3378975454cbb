/* SPDX-License-Identifier: ISC */
/*
 * An array of descriptors that only grows.
 */
#include "base/leftover.h"

#include <stdlib.h>

void
leftover_add(struct leftover *leftover, int fd)
{
	int *more = leftover->n < LEFTOVER_MAX
	    ? reallocarray(leftover->fds, leftover->n + 1, sizeof(*more))
	    : NULL;

	if (more == NULL)
		return;
	leftover->fds = more;
	leftover->fds[leftover->n++] = fd;
}

void
leftover_retry(struct leftover *leftover, bool (*give)(int fd))
{
	while (leftover->n > 0 && give(leftover->fds[leftover->n - 1]))
		leftover->n--;
}

void
leftover_clear(struct leftover *leftover)
{
	free(leftover->fds);
	*leftover = (struct leftover){ 0 };
}
