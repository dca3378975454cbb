/* SPDX-License-Identifier: ISC */
/*
 * The files by which scripts find processes to signal, as they do nginx's:
 *
 *   --pidfile FILE        the supervisor (service.c writes it, once)
 *   FILE.oldbin           while two generations run: a process that stands
 *                         for the old one, so that signals sent to it have
 *                         nginx's meaning whatever the program is
 *   --child-pidfile FILE  the program of the generation that serves
 *   FILE.oldbin           while two run: the old one's
 *
 * Written aside and renamed, and removed in the end.
 */
#ifndef CONTROL_PIDFILES_H
#define CONTROL_PIDFILES_H

#include <stdbool.h>

struct pidfiles;
struct service;

/* Keep them true from here on.  *New*; NULL with errno. */
struct pidfiles *pidfiles_new(struct service *);

/* Remove them.  NULL is fine. */
void pidfiles_free(struct pidfiles *);

/*
 * QUIT has come for the supervisor: after a HUP to the old one it is meant
 * for the new one, which is the last step of nginx's way back.  Whether that
 * is so; it has been done then.
 */
bool pidfiles_take_quit(struct pidfiles *);

#endif
