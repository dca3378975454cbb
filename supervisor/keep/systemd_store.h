/* SPDX-License-Identifier: ISC */
/*
 * systemd's file descriptor store, made to hold descriptors by name.
 *
 * In the store itself a name is no key: a descriptor that is put under a taken
 * name does not replace the older one, one open file is not taken twice under
 * two names, and the order of the descriptors is undefined.  So each open file
 * is stored once, under a name that is never used again.  A directory beside
 * them maps the supervisor's names to those names; it is a document in two
 * memfds, as the checkpoint is.  After a kill at any instant, a name means its
 * old descriptor or its new one.
 */
#ifndef KEEP_SYSTEMD_STORE_H
#define KEEP_SYSTEMD_STORE_H

#include <stdbool.h>

struct systemd_store;
struct fdset;

/*
 * Use systemd's store through sock, *borrowed*, for at most max descriptors.
 * On return, each descriptor in given that has a name of the supervisor's is
 * called by that name.  Every other descriptor that systemd has passed, such as
 * the sockets of a .socket unit, is called SYSTEMD_STORE_PASSED, a number, a
 * dot and systemd's name for it.  *New*; NULL with errno: EBADMSG if the
 * directory cannot be read.
 */
#define SYSTEMD_STORE_PASSED "passed."
struct systemd_store *systemd_store_open(
    int sock, unsigned int max, struct fdset *given);
void systemd_store_close(struct systemd_store *);

/*
 * systemd_store_put holds a duplicate of fd under this name, in place of the
 * descriptor that has the name.  systemd_store_remove gives up the descriptor
 * of that name.  -1 with errno: EXFULL if the store is full.
 */
int systemd_store_put(struct systemd_store *, const char *name, int fd);
int systemd_store_remove(struct systemd_store *, const char *name);

/* Remove everything from the store, also the directory. */
void systemd_store_empty(struct systemd_store *);

/*
 * Execute exe, or otherwise if exe fails, in place of this program, with the
 * same arguments.  Both are *stolen*.  The new program gets the descriptors
 * that systemd would pass to it.  Returns -1 with errno only if both failed;
 * the descriptors from 3 on are lost then, and the caller must end.
 */
int systemd_store_execute(struct systemd_store *, int exe, int otherwise);

/* Has systemd passed a predecessor's directory that is not opened yet? */
bool systemd_store_is_given(void);

/*
 * Rename every descriptor in the set to a name with SYSTEMD_STORE_PASSED, see
 * systemd_store_open. -1 with errno: ENAMETOOLONG.
 */
int systemd_store_name_passed(struct fdset *);

#endif
