/* SPDX-License-Identifier: ISC */
/*
 * Whether the control socket is still at its path.  Cleaners of /tmp and the
 * end of a login session remove it, or the whole directory.
 */
#ifndef CONTROL_PRESENCE_H
#define CONTROL_PRESENCE_H

struct event_base;
struct presence;

/*
 * Watch the path, which exists.  Once nothing is there, renew is called, which
 * makes the file and the directory anew and returns 0; or -1, and it is called
 * again later.  What somebody else has put there is left alone.  *New*; NULL
 * with errno.
 */
struct presence *presence_new(
    struct event_base *, const char *path, int (*renew)(void *arg), void *arg);
void presence_free(struct presence *);

#endif
