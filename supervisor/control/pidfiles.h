/* SPDX-License-Identifier: ISC */
/*
 * The files by which scripts find processes to signal, as they do with nginx:
 *
 *   --pidfile FILE	the supervisor (service/run.c writes it, once)
 *   FILE.oldbin	   while two generations run: a process that stands
 *			 for the old one, so that signals sent to it have
 *			 nginx's meaning whatever the program is
 *   --child-pidfile FILE  the program of the generation that serves
 *   FILE.oldbin	   while two generations run: the old one's program
 *
 * Each is written under another name and renamed, and removed in the end.
 */
#ifndef CONTROL_PIDFILES_H
#define CONTROL_PIDFILES_H

#include <stdbool.h>

struct pidfiles;
struct service;

/* Keep the files up to date from now on.  *New*; NULL with errno. */
struct pidfiles *pidfiles_new(struct service *);

/* Remove the files.  NULL is allowed. */
void pidfiles_free(struct pidfiles *);

/*
 * The supervisor got QUIT.  After HUP to the old generation this QUIT is meant
 * for the new generation: it is the last step of a rollback as with nginx.
 * Returns whether that was so; then the step has been done.
 */
bool pidfiles_take_quit(struct pidfiles *);

#endif
