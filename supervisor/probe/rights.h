/* SPDX-License-Identifier: ISC */
/*
 * The rights that a child of the prober begins a check with.
 */
#ifndef PROBE_RIGHTS_H
#define PROBE_RIGHTS_H

/*
 * Become `UID GID [GROUP ...]`, without any capability; an empty text changes
 * nothing.  The text is overwritten.  -1 with errno, EINVAL: it is no such
 * text.
 */
int rights_become(char *text);

#endif
