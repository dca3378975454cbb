/* SPDX-License-Identifier: ISC */
/*
 * Removers: children that remove a descriptor from our table when any close(2)
 * of its file may wait, the last or not, as that of a file of FUSE.  To send
 * such a file to another process is no help, since we would still have to close
 * our own descriptor: so a remover shares our table.
 */
#ifndef BASE_REMOVER_H
#define BASE_REMOVER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * As fd_close.  When the function returns, the number is free, unless too many
 * children hang, or none can be made: then it is open until remover_retry.
 */
void remover_close(int *fd);
void remover_retry(void);

/* Do not close later what could not be closed yet. */
void remover_forget(void);

/*
 * is: is it such a child?  reaped: the same, to be called once for each child
 * that was waited for.
 */
bool remover_is(pid_t);
bool remover_reaped(pid_t);

#endif
