/* SPDX-License-Identifier: ISC */
/*
 * Which services this user has: the sockets in the runtime directory.
 */
#ifndef CLI_SERVICES_H
#define CLI_SERVICES_H

#include <stdbool.h>

/*
 * The names that have a socket file, sorted; the supervisor behind a socket
 * file may be dead.  *New*, for strings_free; NULL with errno.
 */
char **services_names(void);

/* Tell why the names cannot be read.  Returns the exit status for it. */
int services_tell_unreadable(int error);

/* Does a supervisor of this name answer? */
typedef bool services_runs(const char *name);

/*
 * The only service whose supervisor runs, *new* in *name.  Returns STATUS_OK;
 * or another status, after telling that none runs or more than one.
 */
int services_only(services_runs *, char **name);

#endif
