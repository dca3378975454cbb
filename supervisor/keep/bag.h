/* SPDX-License-Identifier: ISC */
/*
 * systemd's file descriptor store, made to hold descriptors by name.
 *
 * The store itself knows no names: a descriptor that is put there under a taken
 * name does not replace the older one, one open file is not taken twice under
 * two names, and the order of the descriptors is undefined.  So each open file
 * is stored once, under a name that is never used again.  A directory beside
 * them maps the supervisor's names to those names; it is a document in two
 * memfds, as the checkpoint is.  After a kill at any instant, a name means its
 * old descriptor or its new one.
 */
#ifndef KEEP_BAG_H
#define KEEP_BAG_H

#include <stdbool.h>

struct bag;
struct fdset;

/*
 * Use systemd's store through sock, *borrowed*, for at most max descriptors.
 * On return, each descriptor in given that has a name of the supervisor's is
 * called by that name.  Every other descriptor that systemd has passed, such as
 * the sockets of a .socket unit, is called BAG_PASSED, a number, a dot and
 * systemd's name for it.  *New*; NULL with errno: EBADMSG if the directory
 * cannot be read.
 */
#define BAG_PASSED "passed."
struct bag *bag_open(int sock, unsigned int max, struct fdset *given);
void bag_close(struct bag *);

/*
 * bag_put holds a duplicate of fd under this name, in place of the descriptor
 * that has the name.  bag_remove gives up the descriptor of that name.  -1 with
 * errno: EXFULL if the store is full.
 */
int bag_put(struct bag *, const char *name, int fd);
int bag_remove(struct bag *, const char *name);

/* Remove everything from the store, also the directory. */
void bag_empty(struct bag *);

/*
 * Execute exe, or otherwise if exe fails, in place of this program, with the
 * same arguments.  Both are *stolen*.  The new program gets the descriptors
 * that systemd would pass to it.  Returns -1 with errno only if both failed;
 * the descriptors from 3 on are lost then, and the caller must end.
 */
int bag_execute(struct bag *, int exe, int otherwise);

/* Has systemd passed a predecessor's directory that is not opened yet? */
bool bag_is_given(void);

/*
 * Rename every descriptor in the set to a name with BAG_PASSED, see bag_open.
 * -1 with errno: ENAMETOOLONG.
 */
int bag_name_passed(struct fdset *);

#endif
