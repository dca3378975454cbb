/* SPDX-License-Identifier: ISC */
/*
 * systemd's file descriptor store, made to hold by name.
 *
 * It is a bag: what is put there under a name that is taken does not replace
 * what was, the same open file is not taken twice whatever it is called, and
 * the order is no promise.  So each open file goes in once, under a name that
 * is never used again, and what we call it is written in a directory beside:
 * a document in two memfds, as the checkpoint is.  A kill at any instant
 * leaves the old name or the new one.
 */
#ifndef KEEP_BAG_H
#define KEEP_BAG_H

#include <stdbool.h>

struct bag;
struct depot;

/*
 * Talk to it through sock, *borrowed*; at most max descriptors.  What is in
 * given is from there: each that has a name of ours is called that
 * afterwards, and what systemd passes beside, as the sockets of a .socket
 * unit, is called BAG_PASSED, a number, a dot and its name.  *New*; NULL
 * with errno: EBADMSG if the directory cannot be read.
 */
#define BAG_PASSED "passed."
struct bag *bag_open(int sock, unsigned int max, struct depot *given);
void bag_close(struct bag *);

/*
 * Hold a duplicate of fd under this name, instead of what has it.  Hold no
 * longer what has that name.  -1 with errno: EXFULL if there is no room.
 */
int bag_put(struct bag *, const char *name, int fd);
int bag_remove(struct bag *, const char *name);

/* Hold nothing any more, the directory neither. */
void bag_empty(struct bag *);

/*
 * Execute exe, or else otherwise, in place of this very program, both
 * *stolen*, with our own arguments: it is given what systemd would give.
 * Returns only if both failed, -1 with errno; then descriptors from 3 on are
 * lost, and there is nothing left but to end.
 */
int bag_execute(struct bag *, int exe, int otherwise);

/* Has a predecessor's directory been given to us, and not been opened yet? */
bool bag_is_given(void);

/* Give all that has no name of ours such a one, as bag_open does. */
int bag_name_passed(struct depot *);

#endif
