/* SPDX-License-Identifier: ISC */
/*
 * The service's files in the runtime directory are made anew when somebody
 * removes them: cleaners of /tmp do, and the end of a login session, which
 * removes the directory too.  Without the control socket no command could reach
 * the supervisor, and without the notification socket a program that serves
 * would seem to hang.
 */
#ifndef SERVICE_RUNTIME_FILES_H
#define SERVICE_RUNTIME_FILES_H

struct runtime_files;
struct service;

/*
 * Look once, in the loop's next turn, and from then on whenever a file of the
 * directory goes.  lock, borrowed, is the descriptor of service/name_lock.h.
 * *New*; NULL with errno.
 */
struct runtime_files *runtime_files_new(struct service *, int *lock);
void runtime_files_free(struct runtime_files *);

#endif
